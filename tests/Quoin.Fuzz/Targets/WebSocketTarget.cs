using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Quoin.Http.WebSockets;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// What a WebSocket client sends: read alike however it is cut, text only as UTF-8, never beyond a limit. The masks of
/// the samples are mostly zero, so that bent bytes are bent messages.
/// </summary>
internal sealed class WebSocketTarget() : FuzzTarget("websocket-frames", InputFormat.Text)
{
    private static readonly WebSocketOptions Options = new() { MaxMessageSize = 300, MaxFragments = 5 };

    private static readonly byte[][] Samples =
    [
        [0x81, 0x85, 0, 0, 0, 0, .. "Hello"u8, 0x82, 0x80, 1, 2, 3, 4],
        [0x01, 0x83, 0, 0, 0, 0, 0xE2, 0x82, 0xAC, 0x89, 0x81, 0, 0, 0, 0, 1, 0x80, 0x82, 0, 0, 0, 0, 0xC3, 0xA4],
        [0xC1, 0x87, 0, 0, 0, 0, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x8A, 0x80, 0, 0, 0, 0],
        [0x82, 0xFE, 0, 200, 9, 9, 9, 9, .. new byte[200], 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8],
        [0x41, 0x83, 0, 0, 0, 0, 0xF2, 0x48, 0xCD, 0x80, 0x84, 0, 0, 0, 0, 0xC9, 0xC9, 0x07, 0x00],
    ];

    public override IEnumerable<byte[]> Corpus() => Samples;

    public override void Run(byte[] input)
    {
        foreach (var deflate in new[] { false, true })
        {
            var whole = Read(input, Math.Max(1, input.Length), deflate);
            foreach (var piece in new[] { 1, 2, 7 })
            {
                FuzzFailure.Unless(
                    Read(input, piece, deflate) == whole, $"cut into pieces of {piece} it is read otherwise");
            }
        }
    }

    private static string Read(byte[] input, int piece, bool deflate)
    {
        using var reader = new MessageReader(Options, deflate);
        var seen = new StringBuilder();
        var used = 0;
        for (var end = 0; end < input.Length;)
        {
            end = Math.Min(end + piece, input.Length);
            while (true)
            {
                ReadOnlySpan<byte> bytes = input.AsSpan(used, end - used);
                var received = reader.Read(ref bytes);
                used = end - bytes.Length;
                if (received == Received.Nothing)
                {
                    FuzzFailure.Unless(bytes.Length < WebSocketLimits.HeaderBytes, "more than a header is left over");
                    break;
                }

                seen.Append(received).Append(' ').Append(Show(received, reader)).Append('\n');
                if (received is Received.Fault or Received.Close)
                {
                    FuzzFailure.Unless(
                        CloseFrame.IsSendable((int)reader.Code) || reader.Code == WebSocketCloseCode.NoCode,
                        "a code that may not be sent");
                    return seen.ToString();
                }
            }
        }

        return seen.ToString();
    }

    private static string Show(Received received, MessageReader reader)
    {
        if (received != Received.Message)
        {
            return received is Received.Ping or Received.Pong
                ? Convert.ToHexString(reader.Control)
                : $"{reader.Code} {reader.Reason}";
        }

        var (array, count) = reader.TakeMessage();
        var message = array.AsSpan(0, count);
        FuzzFailure.Unless(count <= Options.MaxMessageSize, "a message is longer than the limit");
        FuzzFailure.Unless(!reader.IsText || Utf8.IsValid(message), "a text is not UTF-8");
        var shown = $"{reader.IsText} {count} {Convert.ToHexString(SHA256.HashData(message))}";
        PooledBytes.Return(array);
        return shown;
    }
}
