using System.Buffers;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

/// <summary>What the tests of this dialect share: short ways in and out, and the recorded answers.</summary>
internal static class GeminiSamples
{
    public static readonly Dialect Dialect = new GeminiDialect();

    public static AnswerContext Context { get; } = new()
    {
        RequestId = "req-1",
        Model = "asked-model",
        CreatedUnixSeconds = 1,
        Request = new ChatRequest { Model = "asked-model", Turns = [] },
    };

    public static ChatRequest Read(string body, bool stream = false) =>
        Dialect.ReadRequest(Encoding.UTF8.GetBytes(body), new Envelope("some-model", stream));

    public static GatewayError Refused(string body) => Assert.Throws<GatewayException>(() => Read(body)).Error;

    public static string Write(ChatRequest request, string model = "gemini-2.5-pro")
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteRequest(request, new UpstreamTraits { Model = model }, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static JsonElement WriteJson(ChatRequest request, string model = "gemini-2.5-pro") =>
        JsonDocument.Parse(Write(request, model)).RootElement;

    public static ChatRequest User(params Part[] parts) =>
        new() { Model = "some-model", Turns = [new Turn(Role.User, parts)] };

    public static string WriteResponse(ChatResponse response)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteResponse(response, Context, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static ChatResponse? ReadResponse(string body)
    {
        var events = new List<ChatEvent>();
        Dialect.ReadResponse(Encoding.UTF8.GetBytes(body), events);
        return ChatResponse.Assemble(events);
    }

    public static string WriteStream(IEnumerable<ChatEvent> events)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Dialect.CreateStreamWriter(Context);
        foreach (var e in events)
        {
            writer.Write(e, output);
        }

        writer.End(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static List<string> Payloads(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e =>
        {
            Assert.StartsWith("data: ", e);
            Assert.DoesNotContain('\n', e);
            return e[6..];
        })];

    public static List<ChatEvent> ReadStream(IEnumerable<string> payloads, out bool complete)
    {
        var reader = Dialect.CreateStreamReader();
        var events = new List<ChatEvent>();
        foreach (var payload in payloads)
        {
            reader.Read(default, Encoding.UTF8.GetBytes(payload), events);
        }

        complete = reader.Complete(events);
        return events;
    }

    public static ChatResponse? ReadStream(params string[] payloads) =>
        ChatResponse.Assemble(ReadStream(payloads, out _));

    /// <summary>Recorded answers by name: payloads of a stream, or the one body of an unstreamed answer.</summary>
    public static IReadOnlyDictionary<string, string[]> Recordings()
    {
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA") ?? Path.Combine(Root(), "../shared/data");
        var recordings = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
        if (!Directory.Exists(folder))
        {
            return recordings;
        }

        foreach (var archive in Directory.GetFiles(folder, "recorded-streams*.tar.gz"))
        {
            using var zip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
            using var tar = new TarReader(zip);
            while (tar.GetNextEntry() is { } entry)
            {
                var name = Path.GetFileName(entry.Name);
                if (name.StartsWith("google-", StringComparison.Ordinal) && entry.DataStream is not null)
                {
                    var text = new StreamReader(entry.DataStream).ReadToEnd();
                    recordings[name] = name.EndsWith(".json", StringComparison.Ordinal)
                        ? [text]
                        : text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                }
            }
        }

        return recordings;
    }

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../../.."));
}
