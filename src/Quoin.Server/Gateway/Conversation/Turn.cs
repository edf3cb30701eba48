namespace Quoin.Server.Gateway.Conversation;

internal enum Role
{
    System,
    User,
    Assistant,
}

/// <summary>
/// One message of a conversation. <paramref name="Path"/> is where the client wrote it (<c>messages[2]</c>).
/// </summary>
internal sealed record Turn(Role Role, IReadOnlyList<Part> Parts, string Path = "messages");

/// <summary>A piece of a turn.</summary>
internal abstract record Part
{
    /// <summary>Where the client wrote it (<c>messages[2].content[1]</c>), for error messages.</summary>
    public string Path { get; init; } = "messages";
}

internal sealed record TextPart(string Text) : Part;

/// <summary>The model's refusal, where the dialect tells it from text.</summary>
internal sealed record RefusalPart(string Text) : Part;

/// <summary>
/// The model's thoughts. <paramref name="Signature"/> is the provider's proof or encrypted form, meaningful only to
/// the provider that made it; a redacted thought has a signature and no text.
/// </summary>
internal sealed record ReasoningPart(string Text, string? Signature = null, bool Redacted = false) : Part;

/// <summary>
/// An image, document or sound, given either as base64 <paramref name="Data"/> or as a <paramref name="Url"/>.
/// </summary>
/// <param name="MediaType">Such as <c>image/png</c>; null where a URL came without one.</param>
/// <param name="Detail">OpenAI's image detail (low, high, auto): a hint.</param>
internal sealed record MediaPart(
    string? MediaType, string? Data, string? Url, string? FileName = null, string? Detail = null) : Part
{
    public bool IsImage => MediaType is null || MediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase);

    public bool IsAudio => MediaType?.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>
/// A call the model made. <paramref name="Arguments"/> is JSON text as the model wrote it; empty means {}.
/// </summary>
/// <param name="Signature">Gemini's thought signature of the call, which it wants back.</param>
internal sealed record ToolCallPart(string Id, string Name, string Arguments, string? Signature = null) : Part;

/// <summary>
/// What a called tool answered: text or media parts. <paramref name="Name"/> is the tool's name where the dialect
/// gives it (Gemini) or where it was found from the call with the same id.
/// </summary>
internal sealed record ToolResultPart(
    string CallId, IReadOnlyList<Part> Content, bool IsError = false, string? Name = null) : Part;
