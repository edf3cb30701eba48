using System.Text;
using Quoin.Http.WebSockets.Handshake;

namespace Quoin.Fuzz.Targets;

/// <summary>The offers of a handshake: a good one before others is taken, unless the whole is malformed.</summary>
internal sealed class WebSocketExtensionsTarget() : FuzzTarget("websocket-extensions", InputFormat.Text)
{
    private static readonly string[] Samples =
    [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=10; client_no_context_takeover, permessage-deflate",
        "x-other; a=\"b\", permessage-deflate; server_no_context_takeover; client_max_window_bits=\"15\"",
    ];

    public override IEnumerable<byte[]> Corpus() => Samples.Select(Encoding.Latin1.GetBytes);

    public override void Run(byte[] input)
    {
        var header = Encoding.Latin1.GetString(input).Trim(' ', '\t');
        var answer = DeflateOffer.Choose(header);
        if (header.Length > 0)
        {
            var expected = answer == DeflateAnswer.Malformed ? answer : DeflateAnswer.Taken;
            FuzzFailure.Unless(
                DeflateOffer.Choose("permessage-deflate, " + header) == expected, "a good offer is not taken");
        }
    }
}
