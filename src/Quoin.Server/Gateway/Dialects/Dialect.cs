using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// A chat wire API: reads it as a server (requests in, answers out) and speaks it as a client (requests out,
/// answers in). One folder a dialect, one stateless instance, registered in <see cref="DialectTable"/>.
/// Readers throw <see cref="GatewayException"/> for what they refuse and
/// <see cref="System.Text.Json.JsonException"/> for what is no JSON or of another shape.
/// </summary>
internal abstract class Dialect
{
    /// <summary>Such as <c>openai-chat</c>: the name used in configuration, logs and metrics.</summary>
    public abstract string Name { get; }

    /// <summary>The dialect's own spelling of a field.</summary>
    public abstract string FieldName(ChatField field);

    // As a server.

    /// <summary>
    /// Reads a request. Every field is read, known to be a hint that changes nothing, or refused by name.
    /// </summary>
    /// <param name="body">Valid JSON (the envelope was read before); must stay unchanged until Backing is
    /// disposed.</param>
    /// <param name="envelope">Model and stream flag, which some dialects carry in the path.</param>
    public abstract ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope);

    /// <summary>Writes a whole answer as the body of an unstreamed reply.</summary>
    public abstract void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output);

    public abstract ChatStreamWriter CreateStreamWriter(AnswerContext context);

    /// <summary>Writes an error as a response body.</summary>
    public abstract void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output);

    /// <summary>
    /// Writes an error as the last event of a stream that has begun: the dialect's own error event with its framing.
    /// Used on relayed and translated streams alike.
    /// </summary>
    public abstract void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output);

    // As a client.

    /// <summary>
    /// Writes the request for an upstream. What the dialect has no word for is refused by
    /// <see cref="UntranslatableException"/> with the field or the part at fault.
    /// </summary>
    public abstract void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output);

    /// <summary>Reads the body of an unstreamed 200 into events.</summary>
    public abstract void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events);

    public abstract ChatStreamReader CreateStreamReader();

    /// <summary>Watches a stream of this dialect that is relayed untouched.</summary>
    public abstract StreamWatch CreateStreamWatch();

    /// <summary>
    /// Finds finish reason and usage in an unstreamed 200 that is relayed untouched: one forward-only read.
    /// </summary>
    public abstract ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body);

    /// <summary>Reads an upstream's error body, whatever it is: never throws.</summary>
    public abstract UpstreamError ReadError(int status, ReadOnlySpan<byte> body);
}

/// <summary>What the answer side must know of the request and the route.</summary>
internal sealed record AnswerContext
{
    /// <summary>The gateway's request id; a source of ids for dialects that need one.</summary>
    public required string RequestId { get; init; }

    /// <summary>Reported when the upstream does not tell its model's name.</summary>
    public required string Model { get; init; }

    public required long CreatedUnixSeconds { get; init; }

    /// <summary>The translated request (Responses echoes much of it; openai-chat needs IncludeUsage).</summary>
    public required ChatRequest Request { get; init; }
}

/// <summary>What a provider of a dialect needs beyond the dialect.</summary>
internal sealed record UpstreamTraits
{
    /// <summary>The provider's name for the model.</summary>
    public required string Model { get; init; }

    /// <summary>Whether a streamed answer is asked for.</summary>
    public bool Stream { get; init; }

    /// <summary>Sent where the dialect demands a limit and the client gave none (Anthropic).</summary>
    public int DefaultMaxTokens { get; init; } = 4096;

    /// <summary>openai-chat: OpenAI and Azure take max_completion_tokens, compatible servers max_tokens.</summary>
    public bool MaxCompletionTokens { get; init; }

    /// <summary>
    /// openai-chat: a compatible server, which takes reasoning_content in assistant messages and top_k, as OpenAI
    /// itself does not.
    /// </summary>
    public bool CompatibleServer { get; init; }
}

/// <param name="Finish">Null where the body does not tell.</param>
internal readonly record struct ResponseFacts(string? Model, FinishReason? Finish, Usage? Usage);

/// <summary>An upstream's error in its own words. Param is its field name, Code its machine-readable reason.</summary>
/// <param name="RetryAfter">Where the body tells it, as Google's does in place of a header.</param>
internal readonly record struct UpstreamError(
    string? Message, string? Type, string? Code, string? Param, TimeSpan? RetryAfter = null);

/// <summary>
/// A request that the target dialect cannot say. The pipeline names the client's own field: the part's path where
/// there is one, else the client dialect's name for <see cref="Field"/>.
/// </summary>
#pragma warning disable CA1032, CA1064 // Made in one way only, and seen by nobody outside.
internal sealed class UntranslatableException(ChatField field, string? path, string reason) : Exception(reason)
{
    public ChatField Field { get; } = field;

    /// <summary>The exact place as the client wrote it; null: the whole field.</summary>
    public string? Path { get; } = path;
}
