using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Relay;

/// <summary>How a stream's payloads are laid out on the client's connection.</summary>
internal interface IStreamFraming
{
    string ContentType { get; }

    /// <summary>An upstream's event, as it is.</summary>
    void Relay(ServerSentEvent e, IBufferWriter<byte> output);

    void End(IBufferWriter<byte> output);

    void Translate(ChatStreamWriter writer, ChatEvent e, IBufferWriter<byte> output);

    void EndTranslated(ChatStreamWriter writer, IBufferWriter<byte> output);

    void Fail(Dialect dialect, GatewayError error, string requestId, IBufferWriter<byte> output);
}

/// <summary>Server-sent events on both sides: nothing to do.</summary>
internal sealed class EventStreamFraming : IStreamFraming
{
    public static readonly EventStreamFraming Instance = new();

    public string ContentType => "text/event-stream; charset=utf-8";

    public void Relay(ServerSentEvent e, IBufferWriter<byte> output) => output.Write(e.Raw.Span);

    public void End(IBufferWriter<byte> output)
    {
    }

    public void Translate(ChatStreamWriter writer, ChatEvent e, IBufferWriter<byte> output) => writer.Write(e, output);

    public void EndTranslated(ChatStreamWriter writer, IBufferWriter<byte> output) => writer.End(output);

    public void Fail(Dialect dialect, GatewayError error, string requestId, IBufferWriter<byte> output) =>
        dialect.WriteStreamError(error, requestId, output);
}
