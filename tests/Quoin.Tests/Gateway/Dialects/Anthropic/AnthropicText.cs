using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

/// <summary>The dialect under test, with text in and text out.</summary>
internal static class AnthropicText
{
    public static Dialect Dialect { get; } = DialectTable.Anthropic;

    public static AnswerContext Context { get; } = new()
    {
        RequestId = "req-1",
        Model = "routed-model",
        CreatedUnixSeconds = 1,
        Request = new ChatRequest { Model = "m", Turns = [] },
    };

    public static ChatRequest Read(string body) =>
        Dialect.ReadRequest(Encoding.UTF8.GetBytes(body), new Envelope("m", false));

    /// <summary>A request whose fields besides model, max_tokens and messages are the given ones.</summary>
    public static ChatRequest ReadWith(string fields) => Read(
        "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]," + fields + "}");

    /// <summary>A request of these messages.</summary>
    public static ChatRequest ReadMessages(string messages) =>
        Read("{\"model\":\"m\",\"max_tokens\":10,\"messages\":" + messages + "}");

    public static GatewayError Refused(Func<ChatRequest> read) => Assert.Throws<GatewayException>(read).Error;

    public static JsonNode Write(ChatRequest request, string model = "claude-x", bool stream = false)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteRequest(request, new UpstreamTraits { Model = model, Stream = stream }, output);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    public static UntranslatableException Refused(ChatRequest request, string model = "claude-x") =>
        Assert.Throws<UntranslatableException>(() => Write(request, model));

    public static ChatRequest Ask(params Part[] parts) => new()
    {
        Model = "m",
        Turns = [new Turn(Role.User, parts.Length == 0 ? [new TextPart("hi")] : parts, "messages[0]")],
    };

    public static string Write(ChatResponse response)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.WriteResponse(response, Context, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static List<ChatEvent> ReadResponse(string body)
    {
        var events = new List<ChatEvent>();
        Dialect.ReadResponse(Encoding.UTF8.GetBytes(body), events);
        return events;
    }

    /// <summary>The stream's payloads, each checked to stand in an event of its own type's name.</summary>
    public static List<string> WriteStream(IEnumerable<ChatEvent> events)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Dialect.CreateStreamWriter(Context);
        foreach (var e in events)
        {
            writer.Write(e, output);
        }

        writer.End(output);
        var payloads = new List<string>();
        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        foreach (var e in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = e.Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.StartsWith("data: ", lines[1]);
            payloads.Add(lines[1]["data: ".Length..]);
            Assert.Equal("event: " + JsonNode.Parse(payloads[^1])!["type"], lines[0]);
        }

        return payloads;
    }

    public static (List<ChatEvent> Events, bool Complete, bool Ended) ReadStream(IEnumerable<string> payloads)
    {
        var reader = Dialect.CreateStreamReader();
        var events = new List<ChatEvent>();
        foreach (var payload in payloads)
        {
            reader.Read(default, Encoding.UTF8.GetBytes(payload), events);
        }

        return (events, reader.Complete(events), reader.Ended);
    }
}
