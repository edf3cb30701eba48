using System.Buffers;
using System.Text;
using Quoin.Fuzz.Conversations;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A provider's error body, whatever it is: reading never throws, and every client gets its own error of a status
/// from 400 to 599, whole and as the end of a stream.
/// </summary>
internal sealed class ErrorTarget(Dialect dialect) : FuzzTarget("error-" + dialect.Name, InputFormat.Json)
{
    private static readonly int[] Statuses = [300, 304, 400, 401, 403, 404, 413, 422, 429, 451, 500, 503, 529, 599];

    private static readonly string[] Foreign =
    [
        "", "<html><h1>502 Bad Gateway</h1></html>", "{}", "[]", "null", "\"no\"", """{"detail":"no"}""",
        """{"error":"no"}""", """{"message":"no","code":7}""", """[{"error":{"code":400,"message":"no"}}]""",
        """{"error":{"message":"no","details":[{"@type":"x","retryDelay":"7.5s"},{"reason":"API_KEY_INVALID"}]}}""",
    ];

    public override IEnumerable<byte[]> Corpus()
    {
        foreach (var writer in DialectSamples.ChatDialects)
        {
            foreach (var kind in Enum.GetValues<GatewayErrorKind>())
            {
                var output = new ArrayBufferWriter<byte>();
                writer.WriteError(
                    new GatewayError(kind, "the words") { Param = "a.b", Code = "c" }, "01REQUEST", output);
                yield return output.WrittenSpan.ToArray();
            }
        }

        foreach (var text in Foreign)
        {
            yield return Encoding.UTF8.GetBytes(text);
        }
    }

    public override void Run(byte[] input)
    {
        var status = Statuses[input.Length % Statuses.Length];
        var upstream = dialect.ReadError(status, input);
        var error = UpstreamFault.FromStatus("up", status, upstream, retryAfter: null);
        FuzzFailure.Unless(error.Status is >= 400 and <= 599, "the error has no error status");
        FuzzFailure.Unless(error.Message.Length > 0, "the error has no words");
        foreach (var client in DialectSamples.ClientDialects)
        {
            var output = new ArrayBufferWriter<byte>();
            client.WriteError(error, "01REQUEST", output);
            Sound.Json(output.WrittenSpan, $"the error for {client.Name}");
            client.WriteStreamError(UpstreamFault.InStream(upstream), "01REQUEST", new ArrayBufferWriter<byte>());
        }
    }
}
