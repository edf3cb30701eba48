using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// Reads an upstream's stream, one server-sent event at a time, into chat events. One reader a stream.
/// Throws <see cref="System.Text.Json.JsonException"/> for a payload that is no JSON or of another shape.
/// </summary>
internal abstract class ChatStreamReader
{
    /// <summary>The dialect's end was read: whatever follows is not part of the answer.</summary>
    public bool Ended { get; protected set; }

    /// <param name="eventName">The event field; empty when there is none.</param>
    /// <param name="data">The data field, without its framing. Valid during the call only.</param>
    public abstract void Read(ReadOnlySpan<byte> eventName, ReadOnlyMemory<byte> data, List<ChatEvent> events);

    /// <summary>
    /// The upstream closed in good order. Emits what was held back. Returns false when the answer was not complete
    /// (no finish reason, no end marker): the stream is cut.
    /// </summary>
    public abstract bool Complete(List<ChatEvent> events);
}

/// <summary>Writes chat events as a stream of a dialect, framing included. One writer a stream.</summary>
internal abstract class ChatStreamWriter
{
    /// <summary>Writes what the event means, which may be nothing until a later event.</summary>
    public abstract void Write(ChatEvent e, IBufferWriter<byte> output);

    /// <summary>Writes all that was held back and the dialect's end marker.</summary>
    public abstract void End(IBufferWriter<byte> output);
}

/// <summary>What one event of a relayed stream means to the relay.</summary>
internal enum WatchVerdict
{
    /// <summary>Part of the answer.</summary>
    Content,

    /// <summary>No content (role announcement, ping): the first token is still to come.</summary>
    Preamble,

    /// <summary>The dialect's end marker; the stream is complete.</summary>
    End,

    /// <summary>The provider's own error event.</summary>
    Error,

    /// <summary>The payload is no JSON.</summary>
    Malformed,
}

/// <summary>
/// Watches a stream that is relayed untouched: one forward-only read of each event tells whether it is sound, and
/// what it means. One watch a stream.
/// </summary>
internal abstract class StreamWatch
{
    public string? Model { get; protected set; }

    public Usage? Usage { get; protected set; }

    public FinishReason? Finish { get; protected set; }

    /// <summary>Set when <see cref="Observe"/> answered <see cref="WatchVerdict.Error"/>.</summary>
    public UpstreamError Error { get; protected set; }

    public abstract WatchVerdict Observe(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data);

    /// <summary>
    /// The upstream closed in good order without an end marker. True when the answer is complete all the same (a
    /// finish reason was seen); then a missing end marker is written to <paramref name="output"/>.
    /// </summary>
    public abstract bool Complete(IBufferWriter<byte> output);
}
