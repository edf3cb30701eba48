using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Tests.Gateway.Server;

/// <summary>
/// Every recorded answer, sent by an upstream on a socket in its provider's framing: to a client of its own dialect
/// it goes byte for byte; what a client of another dialect gets says what the recording says, by the same plain walk
/// over both (<see cref="WalkedAnswer"/>). Nothing depends on names but the folder's.
/// </summary>
public sealed class RecordedAnswersTests
{
    private const string Absent = "absent";

    /// <summary>Folder, the provider type that is asked, its API, and the client's path to the same API.</summary>
    private static readonly Dictionary<string, (string Provider, string Api)> Folders = new(StringComparer.Ordinal)
    {
        ["openai/chat"] = ("openai", "chat"),
        ["openai/responses"] = ("openai", "responses"),
        ["openai/completion"] = ("openai", "completions"),
        ["openai/embedding"] = ("openai", "embeddings"),
        ["openai-compatible/chat"] = ("openai-compatible", "chat"),
        ["anthropic"] = ("anthropic", "anthropic"),
        ["google"] = ("gemini", "gemini"),
    };

    private static readonly string[] Chats = ["chat", "responses", "anthropic", "gemini"];

    public static TheoryData<string> Answers() => Names(recording => !IsError(recording));

    public static TheoryData<string> Translated() => Names(recording => !IsError(recording)
        && (!Folders.TryGetValue(recording.Folder, out var folder) || Chats.Contains(folder.Api)));

    public static TheoryData<string> Errors() => Names(IsError);

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_client_of_the_same_dialect_gets_the_recording_as_it_is(string name)
    {
        var (recording, provider, api) = Find(name);
        await using var upstream = new ScriptedUpstream(Script(recording, api));
        await using var gateway = await TestGateway.BeforeAsync(upstream, provider);
        var (status, body) = await AskAsync(gateway, api, recording.IsStream);
        if (!recording.IsStream)
        {
            Assert.Equal(200, status);
            Assert.Equal(recording.Text, body);
            return;
        }

        var walked = api is "completions" ? null : WalkedAnswer.Of(api, true, recording.Lines);
        if (walked is { Error: { } error })
        {
            Assert.Contains(error, Unescaped(body), StringComparison.Ordinal);
        }
        else if (recording.Lines.Any(line => !IsJson(line)))
        {
            Assert.True(status == 502 || body.Contains("error", StringComparison.Ordinal));
        }
        else if (walked is { IsUnsound: true } or { LacksEnd: true } && status != 200)
        {
            // Cut before its first content: nothing had gone out, so it is an error's status.
            Assert.Equal(502, status);
        }
        else if (walked is { IsUnsound: true } or { LacksEnd: true } && body != Stream(recording, api))
        {
            // Relayed as far as it goes, then ended by the missing marker, or a cut one by the dialect's own error.
            Assert.StartsWith(Stream(recording, api), body, StringComparison.Ordinal);
            Assert.Equal(!walked.LacksEnd, EndsInError(api, body));
        }
        else
        {
            Assert.Equal(200, status);
            Assert.Equal(recording.Lines, Payloads(body));
            Assert.Equal(Stream(recording, api), body);
        }
    }

    private static TheoryData<string> Names(Func<Recording, bool> wanted)
    {
        string[] names = [.. Recording.All.Where(recording => wanted(recording.Value)).Select(entry => entry.Key)];
        return [.. names.Length == 0 ? [Absent] : names];
    }

    [Theory]
    [MemberData(nameof(Translated))]
    public async Task Clients_of_the_other_dialects_get_what_the_recording_says(string name)
    {
        var (recording, provider, api) = Find(name);
        var payloads = recording.IsStream ? recording.Lines : [recording.Text];
        var expected = WalkedAnswer.Of(api, recording.IsStream, payloads);
        if (api == "responses")
        {
            // A provider that has chat completions too is asked those: its responses are translated without a socket.
            Array.ForEach(Chats[..1], client => CheckInProcess(recording, client, expected));
            Array.ForEach(Chats[2..], client => CheckInProcess(recording, client, expected));
            return;
        }

        await using var upstream = new ScriptedUpstream(Script(recording, api));
        await using var gateway = await TestGateway.BeforeAsync(upstream, provider);
        foreach (var client in Chats.Where(client => client != api))
        {
            if ((client, provider) is ("responses", "openai"))
            {
                // OpenAI is asked in its own dialect, of which this is no recording.
                continue;
            }

            var (status, body) = await AskAsync(gateway, client, recording.IsStream);
            Check(client, expected, status, recording.IsStream, body);
        }
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task A_recorded_error_reaches_clients_of_every_dialect(string name)
    {
        var (recording, provider, api) = Find(name);
        var error = JsonNode.Parse(recording.Text)!["error"]!;
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(recording.Text, 400));
        await using var gateway = await TestGateway.BeforeAsync(upstream, provider);
        foreach (var client in Chats.Contains(api) ? Chats : [api])
        {
            foreach (var stream in new[] { false, true })
            {
                var (status, body) = await AskAsync(gateway, client, stream);
                var told = JsonNode.Parse(body)!["error"]!;
                Assert.Equal(400, status);
                Assert.Equal((string?)error["message"], (string?)told["message"]);
                if (client is not ("anthropic" or "gemini") && api is not ("anthropic" or "gemini"))
                {
                    Assert.Equal((string?)error["param"], (string?)told["param"]);
                    Assert.Equal((string?)error["code"], (string?)told["code"]);
                }
            }
        }
    }

    private static (Recording Recording, string Provider, string Api) Find(string name)
    {
        Assert.SkipWhen(name == Absent, "QUOIN_TEST_DATA holds no such recorded-streams*.tar.gz");
        var recording = Recording.All[name];
        Assert.SkipUnless(Folders.ContainsKey(recording.Folder), $"{recording.Folder} is not an API of the gateway");
        var (provider, api) = Folders[recording.Folder];
        return (recording, provider, api);
    }

    private static bool IsError(Recording recording) =>
        !recording.IsStream && JsonNode.Parse(recording.Text) is JsonObject body
        && body["error"] is JsonObject && !body.ContainsKey("output");

    private static Func<ScriptedUpstream.Connection, Task> Script(Recording recording, string api) =>
        recording.IsStream ? ScriptedUpstream.Events(Stream(recording, api)) : ScriptedUpstream.Json(recording.Text);

    /// <summary>The stream as its provider frames it.</summary>
    private static string Stream(Recording recording, string api)
    {
        var stream = new StringBuilder();
        foreach (var line in recording.Lines)
        {
            if (api is "anthropic" or "responses")
            {
                stream.Append("event: ").Append(TypeOf(line)).Append('\n');
            }

            stream.Append("data: ").Append(line).Append(api == "gemini" ? "\r\n\r\n" : "\n\n");
        }

        return stream.Append(api is "chat" or "completions" ? "data: [DONE]\n\n" : "").ToString();
    }

    private static Task<(int Status, string Body)> AskAsync(TestGateway gateway, string client, bool stream)
    {
        const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
        var head = $"{{\"model\":\"m\",\"stream\":{(stream ? "true" : "false")},";
        return client switch
        {
            "chat" when stream => gateway.AskAsync(
                "/v1/chat/completions", head + "\"stream_options\":{\"include_usage\":true}," + Messages + "}"),
            "chat" => gateway.AskAsync("/v1/chat/completions", head + Messages + "}"),
            "anthropic" => gateway.AskAsync("/v1/messages", head + "\"max_tokens\":99," + Messages + "}"),
            "responses" => gateway.AskAsync("/v1/responses", head + "\"input\":\"hi\"}"),
            "completions" => gateway.AskAsync("/v1/completions", head + "\"prompt\":\"hi\"}"),
            "embeddings" => gateway.AskAsync("/v1/embeddings", "{\"model\":\"m\",\"input\":\"hi\"}"),
            _ => gateway.AskAsync(
                "/v1beta/models/m:" + (stream ? "streamGenerateContent?alt=sse" : "generateContent"),
                "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}"),
        };
    }

    private static void CheckInProcess(Recording recording, string client, WalkedAnswer expected)
    {
        var dialect = client switch
        {
            "chat" => DialectTable.OpenAIChat,
            "anthropic" => DialectTable.Anthropic,
            _ => DialectTable.Gemini,
        };
        var context = new AnswerContext
        {
            RequestId = "req-1",
            Model = "m",
            CreatedUnixSeconds = 1,
            Request = new ChatRequest { Model = "m", Turns = [], IncludeUsage = true },
        };
        var output = new ArrayBufferWriter<byte>();
        if (!recording.IsStream)
        {
            var events = new List<ChatEvent>();
            DialectTable.OpenAIResponses.ReadResponse(Encoding.UTF8.GetBytes(recording.Text), events);
            var response = ChatResponse.Assemble(events);
            Assert.Equal(expected.Error is null, response is not null);
            if (response is null)
            {
                return;
            }

            dialect.WriteResponse(response, context, output);
            Check(client, expected, 200, stream: false, Encoding.UTF8.GetString(output.WrittenSpan));
            return;
        }

        using var buffer = new EventBuffer();
        var sent = Encoding.UTF8.GetBytes(Stream(recording, "responses"));
        sent.CopyTo(buffer.GetMemory(sent.Length));
        buffer.Advance(sent.Length);
        var relay = new TranslatingRelay(
            DialectTable.OpenAIResponses, dialect, context, EventStreamFraming.Instance);
        var verdict = WatchVerdict.Preamble;
        while (verdict is WatchVerdict.Preamble or WatchVerdict.Content && buffer.TryRead(out var e))
        {
            verdict = relay.Pass(e, output);
        }

        if (verdict == WatchVerdict.Error)
        {
            Assert.Equal(expected.Error, relay.Error!.Message);
        }
        else if (expected.IsUnsound)
        {
            Assert.True(verdict != WatchVerdict.End && !relay.Complete(output));
        }
        else
        {
            Assert.Equal(WatchVerdict.End, verdict);
            Check(client, expected, 200, stream: true, Encoding.UTF8.GetString(output.WrittenSpan));
        }
    }

    private static void Check(string client, WalkedAnswer expected, int status, bool stream, string body)
    {
        if (expected.Error is { } error)
        {
            Assert.Contains(error, Unescaped(body), StringComparison.Ordinal);
            return;
        }

        if (expected.IsUnsound)
        {
            Assert.True(status == 502 || EndsInError(client, body), client + ": " + body);
            return;
        }

        Assert.Equal(200, status);
        var told = WalkedAnswer.Of(client, stream, stream ? Payloads(body) : [body]);
        Assert.Equal(client + "\n" + expected.Told(Finish(client, expected)), client + "\n" + told.Told(told.Finish));
    }

    /// <summary>Only Anthropic can say that a turn is paused; Gemini has a word for what is not whole.</summary>
    private static string Finish(string client, WalkedAnswer expected) => (expected.Finish, client) switch
    {
        ("paused", "gemini") => "blocked",
        ("paused", not "anthropic") => "stop",
        var (finish, _) => finish,
    };

    private static bool EndsInError(string client, string body) =>
        Payloads(body)[^1] is var last && JsonNode.Parse(last) is { } node
        && (client is "anthropic" or "responses" ? (string?)node["type"] == "error" : node["error"] is not null);

    private static List<string> Payloads(string stream) =>
        [.. stream.ReplaceLineEndings("\n").Split('\n')
            .Where(line => line.StartsWith("data: ", StringComparison.Ordinal) && line != "data: [DONE]")
            .Select(line => line["data: ".Length..])];

    private static string Unescaped(string json) => json.Replace("\\\"", "\"", StringComparison.Ordinal);

    private static bool IsJson(string line)
    {
        try
        {
            return JsonNode.Parse(line) is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The payload's own type, by a read that goes no further: a recording may lack its last brace.</summary>
    private static string TypeOf(string payload)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(payload));
        reader.Read();
        while (reader.Read() && !reader.ValueTextEquals("type"u8))
        {
            reader.Skip();
        }

        reader.Read();
        return reader.GetString()!;
    }
}
