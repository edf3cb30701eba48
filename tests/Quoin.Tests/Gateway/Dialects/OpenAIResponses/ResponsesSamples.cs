using System.Buffers;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.OpenAIResponses;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

/// <summary>What the tests of this dialect share: short ways in and out, and the recorded answers.</summary>
internal static class ResponsesSamples
{
    public static readonly Dialect Dialect = new OpenAIResponsesDialect();

    public static AnswerContext ContextOf(ChatRequest? request = null) => new()
    {
        RequestId = "req-1",
        Model = "asked-model",
        CreatedUnixSeconds = 7,
        Request = request ?? new ChatRequest { Model = "asked-model", Turns = [] },
    };

    public static ChatRequest Read(string body, bool stream = false) =>
        Dialect.ReadRequest(Encoding.UTF8.GetBytes(body), new Envelope("some-model", stream));

    public static GatewayError Refused(string body) => Assert.Throws<GatewayException>(() => Read(body)).Error;

    public static string Write(ChatRequest request, bool stream = false)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteRequest(request, new UpstreamTraits { Model = request.Model, Stream = stream }, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static JsonElement WriteJson(ChatRequest request, bool stream = false) => Parse(Write(request, stream));

    public static ChatRequest User(params Part[] parts) =>
        new() { Model = "some-model", Turns = [new Turn(Role.User, parts)] };

    public static string WriteResponse(ChatResponse response, ChatRequest? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteResponse(response, ContextOf(request), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static List<ChatEvent> ReadEvents(string body)
    {
        var events = new List<ChatEvent>();
        Dialect.ReadResponse(Encoding.UTF8.GetBytes(body), events);
        return events;
    }

    public static ChatResponse? ReadResponse(string body) => ChatResponse.Assemble(ReadEvents(body));

    public static string WriteStream(IEnumerable<ChatEvent> events, ChatRequest? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Dialect.CreateStreamWriter(ContextOf(request));
        foreach (var e in events)
        {
            writer.Write(e, output);
        }

        writer.End(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The payloads of a stream, whose event names must be their types.</summary>
    public static List<string> Payloads(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e =>
        {
            var lines = e.Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.StartsWith("data: ", lines[1]);
            var data = lines[1]["data: ".Length..];
            Assert.Equal("event: " + Parse(data).GetProperty("type").GetString(), lines[0]);
            return data;
        })];

    public static List<ChatEvent> ReadStream(IEnumerable<string> payloads, out bool ended)
    {
        var reader = Dialect.CreateStreamReader();
        var events = new List<ChatEvent>();
        foreach (var payload in payloads.TakeWhile(_ => !reader.Ended))
        {
            reader.Read(default, Encoding.UTF8.GetBytes(payload), events);
        }

        ended = reader.Ended && reader.Complete(events);
        return events;
    }

    public static ChatResponse? Assembled(IEnumerable<string> payloads) =>
        ChatResponse.Assemble(ReadStream(payloads, out _));

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>Recorded answers by file name; empty where the test data is absent.</summary>
    public static Dictionary<string, string> Recordings()
    {
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA")
            ?? Path.Combine(Root(), "..", "shared", "data");
        var recordings = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Directory.Exists(folder))
        {
            return recordings;
        }

        foreach (var archive in Directory.GetFiles(folder, "recorded-streams*.tar.gz"))
        {
            using var file = File.OpenRead(archive);
            using var unzipped = new GZipStream(file, CompressionMode.Decompress);
            using var tar = new TarReader(unzipped);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is { } data && entry.Name.Contains("openai/responses/", StringComparison.Ordinal))
                {
                    using var text = new StreamReader(data, Encoding.UTF8);
                    recordings[Path.GetFileName(entry.Name)] = text.ReadToEnd();
                }
            }
        }

        return recordings;
    }

    private static string Root([CallerFilePath] string file = "")
    {
        var folder = new FileInfo(file).Directory;
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Quoin.slnx")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }

    /// <summary>A text property, null where there is none.</summary>
    public static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
