using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// streamGenerateContent without <c>alt=sse</c>: a JSON array whose elements come one by one. Payloads of the
/// upstream's events and events of <see cref="GeminiStreamWriter"/> become elements alike; an error is the last
/// element. Comments and keep-alives have no place in an array. One framing a stream.
/// </summary>
internal sealed class GeminiArrayFraming : IStreamFraming
{
    private readonly ArrayBufferWriter<byte> _events = new();
    private bool _begun;
    private bool _ended;

    public string ContentType => "application/json; charset=UTF-8";

    public void Relay(ServerSentEvent e, IBufferWriter<byte> output)
    {
        if (e.HasData)
        {
            WriteElement(e.Data.Span, output);
        }
    }

    /// <summary>Writes one JSON value as the next element.</summary>
    public void WriteElement(ReadOnlySpan<byte> payload, IBufferWriter<byte> output)
    {
        output.Write(_begun ? "\n,\n"u8 : "["u8);
        output.Write(payload);
        _begun = true;
    }

    /// <summary>Ends the array; an empty stream is an empty array. A second end writes nothing.</summary>
    public void End(IBufferWriter<byte> output)
    {
        if (!_ended)
        {
            _ended = true;
            output.Write(_begun ? "\n]"u8 : "[]"u8);
        }
    }

    public void Translate(ChatStreamWriter writer, ChatEvent e, IBufferWriter<byte> output)
    {
        writer.Write(e, _events);
        WriteEvents(output);
    }

    public void EndTranslated(ChatStreamWriter writer, IBufferWriter<byte> output)
    {
        writer.End(_events);
        WriteEvents(output);
        End(output);
    }

    public void Fail(Dialect dialect, GatewayError error, string requestId, IBufferWriter<byte> output)
    {
        dialect.WriteError(error, requestId, _events);
        WriteElement(_events.WrittenSpan, output);
        _events.ResetWrittenCount();
        End(output);
    }

    // The writer's own events are one data line and an empty line each.
    private void WriteEvents(IBufferWriter<byte> output)
    {
        var rest = _events.WrittenSpan;
        while (rest.IndexOf("\n\n"u8) is var end and >= 0)
        {
            WriteElement(rest["data: "u8.Length..end], output);
            rest = rest[(end + 2)..];
        }

        _events.ResetWrittenCount();
    }
}
