using System.Text;
using Quoin.Http;

namespace Quoin.Tests.Http.WebSockets;

/// <summary>
/// An echo server against what RFC 6455 says of a peer's frames (§5, §7, §8), on the wire. Each row is what a client
/// sends, in pieces, and what it must get; the server ends the connection after a close.
/// <code>
/// F first-byte payload   a masked frame          C code [reason]   a close       R hex   bytes as they are
/// </code>
/// Payloads are texts, <c>#hex</c>, or <c>*n</c> for n times an x; <c>|</c> lies between pieces.
/// </summary>
public sealed class ConformanceTests : IAsyncLifetime
{
    private HttpApp _app = null!;

    public async ValueTask InitializeAsync() =>
        _app = await WebSocketApps.StartAsync(options: new()
        {
            // No pings, however long the machine stands still.
            WebSocket = new() { Compression = true, HeartbeatInterval = TimeSpan.Zero },
        });

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Theory]

    // Framing: every form of a length.
    [InlineData("F 81 ", "81 ")]
    [InlineData("F 82 ", "82 ")]
    [InlineData("F 81 hello", "81 hello")]
    [InlineData("F 81 *125", "81 *125")]
    [InlineData("F 81 *126", "81 *126")]
    [InlineData("F 81 *127", "81 *127")]
    [InlineData("F 82 *128", "82 *128")]
    [InlineData("F 82 *65535", "82 *65535")]
    [InlineData("F 82 *65536", "82 *65536")]
    [InlineData("F 82 #FEFEFE00", "82 #FEFEFE00")]

    // Pings and pongs.
    [InlineData("F 89 ", "8A ")]
    [InlineData("F 89 Hello", "8A Hello")]
    [InlineData("F 89 #00FFFEFDFCFB00FF", "8A #00FFFEFDFCFB00FF")]
    [InlineData("F 89 *125", "8A *125")]
    [InlineData("F 8A ; F 8A unasked ; F 89 x", "8A x")]
    [InlineData("F 89 a ; F 81 x", "8A a ; 81 x")]
    [InlineData("F 01 fra ; F 89 ping ; F 80 gment", "8A ping ; 81 fragment")]
    [InlineData("F 01 fra ; F 8A pong ; F 80 gment", "81 fragment")]

    // Fragments.
    [InlineData("F 01  ; F 00  ; F 80 ", "81 ")]
    [InlineData("F 01  ; F 00 x ; F 80 ", "81 x")]
    [InlineData("F 01 a ; F 00 b ; F 00 c ; F 80 d", "81 abcd")]
    [InlineData("F 02 a ; F 00 b ; F 80 c ; F 81 next", "82 abc ; 81 next")]

    // Text, cut between and within characters.
    [InlineData("F 81 #48656C6C6FC2B540C39FC3B6C3A4", "81 #48656C6C6FC2B540C39FC3B6C3A4")]
    [InlineData("F 01 #CEBAE1BD ; F 80 #B9CF83", "81 #CEBAE1BDB9CF83")]
    [InlineData("F 01 #F0 ; F 00 #9F ; F 00 #98 ; F 80 #80", "81 #F09F9880")]
    [InlineData("F 81 #EFBFBF", "81 #EFBFBF")]
    [InlineData("F 81 #F48FBFBF", "81 #F48FBFBF")]

    // The client closes: the code is given back.
    [InlineData("F 88 ", "88 ")]
    [InlineData("C 1000", "88 #03E8")]
    [InlineData("C 1000 bye", "88 #03E8")]
    [InlineData("C 1001", "88 #03E9")]
    [InlineData("C 1002", "88 #03EA")]
    [InlineData("C 1003", "88 #03EB")]
    [InlineData("C 1007", "88 #03EF")]
    [InlineData("C 1008", "88 #03F0")]
    [InlineData("C 1009", "88 #03F1")]
    [InlineData("C 1010", "88 #03F2")]
    [InlineData("C 1011", "88 #03F3")]
    [InlineData("C 1012", "88 #03F4")]
    [InlineData("C 1013", "88 #03F5")]
    [InlineData("C 1014", "88 #03F6")]
    [InlineData("C 3000", "88 #0BB8")]
    [InlineData("C 4999", "88 #1387")]
    [InlineData("F 81 last ; C 1000 ; F 81 after", "81 last ; 88 #03E8")]
    [InlineData("C 1000 ; F 89 after", "88 #03E8")]
    public async Task What_is_right_is_answered(string sends, string expects)
    {
        foreach (var piece in new[] { int.MaxValue, 1, 3 })
        {
            using var peer = await RawPeer.ConnectAsync(_app);
            var bytes = BytesOf(sends);
            if (bytes.Length > 1000 && piece < 1000)
            {
                return;
            }

            foreach (var part in bytes.Chunk(Math.Min(piece, bytes.Length)))
            {
                await peer.SendAsync(part);
            }

            foreach (var expected in expects.Split(" ; "))
            {
                var frame = await peer.ReadAsync();
                Assert.NotNull(frame);
                Assert.Equal(Show(Convert.ToInt32(expected[..2], 16), PayloadOf(expected[3..])), Show(frame.Value));
            }

            if (expects.Contains("88 ", StringComparison.Ordinal))
            {
                Assert.True(await peer.EndsAsync());
            }
        }
    }

    [Theory]

    // Reserved bits, opcodes, masks, lengths.
    [InlineData("F A1 x", 1002)]
    [InlineData("F 91 x", 1002)]
    [InlineData("F B2 x", 1002)]
    [InlineData("F 99 x", 1002)]
    [InlineData("F C1 x", 1002)]
    [InlineData("F C9 x", 1002)]
    [InlineData("F 83 x", 1002)]
    [InlineData("F 84 ", 1002)]
    [InlineData("F 85 ", 1002)]
    [InlineData("F 86 ", 1002)]
    [InlineData("F 87 ", 1002)]
    [InlineData("F 8B x", 1002)]
    [InlineData("F 8C ", 1002)]
    [InlineData("F 8D ", 1002)]
    [InlineData("F 8E ", 1002)]
    [InlineData("F 8F ", 1002)]
    [InlineData("R 810178", 1002)]
    [InlineData("R 8900", 1002)]
    [InlineData("R 82FE000100000000", 1002)]
    [InlineData("R 82FE007D", 1002)]
    [InlineData("R 82FF000000000000FFFF", 1002)]
    [InlineData("R 82FF8000000000000001", 1002)]

    // Control frames.
    [InlineData("F 09 x", 1002)]
    [InlineData("F 08 ", 1002)]
    [InlineData("F 0A ", 1002)]
    [InlineData("F 89 *126", 1002)]
    [InlineData("F 88 *126", 1002)]

    // Fragments.
    [InlineData("F 80 x", 1002)]
    [InlineData("F 00 x", 1002)]
    [InlineData("F 01 a ; F 81 b", 1002)]
    [InlineData("F 01 a ; F 02 b", 1002)]
    [InlineData("F 02 a ; F 01 b", 1002)]

    // Text that is none, found as soon as it can be: the rest of these frames and messages never comes.
    [InlineData("F 81 #FF", 1007)]
    [InlineData("F 81 #CEBAE1BDB9CF83CEBCCEB5EDA080656469746564", 1007)]
    [InlineData("F 01 #CEBAE1BDB9CF83CEBCCEB5F4 ; F 00 #90", 1007)]
    [InlineData("R 81FF0000000000100000 00000000 61C0", 1007)]
    [InlineData("F 01 #C3 ; F 00 #28", 1007)]
    [InlineData("F 81 #C3", 1007)]
    [InlineData("F 01 #F09F98 ; F 80 ", 1007)]
    [InlineData("F 81 #C080", 1007)]
    [InlineData("F 81 #E08080", 1007)]
    [InlineData("F 81 #F4908080", 1007)]
    [InlineData("F 81 #EDBFBF", 1007)]
    [InlineData("F 81 #80", 1007)]

    // Closes that are none.
    [InlineData("F 88 #03", 1002)]
    [InlineData("C 0", 1002)]
    [InlineData("C 999", 1002)]
    [InlineData("C 1004", 1002)]
    [InlineData("C 1005", 1002)]
    [InlineData("C 1006", 1002)]
    [InlineData("C 1015", 1002)]
    [InlineData("C 1016", 1002)]
    [InlineData("C 2000", 1002)]
    [InlineData("C 2999", 1002)]
    [InlineData("C 5000", 1002)]
    [InlineData("C 65535", 1002)]
    [InlineData("F 88 #03E8FF", 1007)]
    [InlineData("F 88 #03E8C3", 1007)]

    // Sizes, by the header alone.
    [InlineData("R 82FF0000000000100001 00000000", 1009)]
    [InlineData("R 82FF7FFFFFFFFFFFFFFF 00000000", 1009)]
    [InlineData("F 02 *1000000 ; R 80FE C000 00000000", 1009)]
    public async Task What_is_wrong_is_told_by_its_code(string sends, int code)
    {
        using var peer = await RawPeer.ConnectAsync(_app);
        await peer.SendAsync([.. RawPeer.Text("before"), .. BytesOf(sends)]);
        Assert.Equal("before", await peer.ReadTextAsync());
        Assert.Equal(code, await peer.ReadCloseAsync());
        peer.ShutDownSending();
        Assert.True(await peer.EndsAsync());
    }

    private static byte[] BytesOf(string sends) =>
    [
        .. sends.Split(" ; ").SelectMany(one => one[0] switch
        {
            'R' => Convert.FromHexString(one[2..].Replace(" ", "", StringComparison.Ordinal)),
            'C' => RawPeer.Close(int.Parse(one.Split(' ')[1]), one.Split(' ') is [_, _, var reason] ? reason : ""),
            _ => RawPeer.Frame(Convert.ToInt32(one[2..4], 16), PayloadOf(one.Length > 5 ? one[5..] : "")),
        }),
    ];

    private static byte[] PayloadOf(string payload) =>
        payload.StartsWith('#') ? Convert.FromHexString(payload[1..])
        : payload.StartsWith('*') ? Encoding.ASCII.GetBytes(new string('x', int.Parse(payload[1..])))
        : Encoding.ASCII.GetBytes(payload);

    private static string Show((int First, byte[] Payload) frame) => Show(frame.First, frame.Payload);

    private static string Show(int first, byte[] payload) => $"{first:X2} {Convert.ToHexString(payload)}";
}
