using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Gemini's stream without <c>alt=sse</c>: the same payloads as the elements of one JSON array.
/// </summary>
internal sealed class SimArrayWriter(ChatStreamWriter events) : ChatStreamWriter
{
    private readonly ArrayBufferWriter<byte> _framed = new(512);
    private bool _open;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        _framed.ResetWrittenCount();
        events.Write(e, _framed);
        Unframe(_framed.WrittenSpan, output);
    }

    public override void End(IBufferWriter<byte> output)
    {
        _framed.ResetWrittenCount();
        events.End(_framed);
        Unframe(_framed.WrittenSpan, output);
        output.Write(_open ? "\n]"u8 : "[]"u8);
    }

    public void WriteError(ReadOnlySpan<byte> error, IBufferWriter<byte> output)
    {
        output.Write(_open ? ",\n"u8 : "["u8);
        _open = true;
        output.Write(error);
        output.Write("\n]"u8);
    }

    private void Unframe(ReadOnlySpan<byte> framed, IBufferWriter<byte> output)
    {
        var data = "data: "u8;
        while (!framed.IsEmpty)
        {
            var end = framed.IndexOf((byte)'\n');
            var line = end < 0 ? framed : framed[..end];
            framed = end < 0 ? default : framed[(end + 1)..];
            if (line.StartsWith(data))
            {
                output.Write(_open ? ",\n"u8 : "["u8);
                _open = true;
                output.Write(line[data.Length..]);
            }
        }
    }
}
