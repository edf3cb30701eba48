namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Carries the signature of a tool call (Gemini wants it back) through an Anthropic client. A tool_use block has no
/// place for it, but clients send thinking blocks back as they got them: so an empty thinking block with a marked
/// signature follows its tool_use block. After, not before, because a stream tells the signature last. The mark
/// keeps it apart from thoughts whose text another provider withheld.
/// </summary>
internal static class AnthropicCallSignature
{
    private const string Mark = "quoin-tool-call.";

    public static string Wrap(string signature) => Mark + signature;

    /// <summary>Null when it is the signature of a thought.</summary>
    public static string? Unwrap(string signature) =>
        signature.StartsWith(Mark, StringComparison.Ordinal) ? signature[Mark.Length..] : null;
}
