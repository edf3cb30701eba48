using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>A client's dialect and a provider's, and what goes between them as bytes.</summary>
internal sealed record DialectPair(Dialect Client, Dialect Provider)
{
    public static IReadOnlyList<Dialect> Chats { get; } =
        [DialectTable.OpenAIChat, DialectTable.OpenAIResponses, DialectTable.Anthropic, DialectTable.Gemini];

    private static AnswerContext Context { get; } = new()
    {
        RequestId = "req-1",
        Model = "some-model",
        CreatedUnixSeconds = 1,
        Request = new ChatRequest { Model = "some-model", Turns = [], IncludeUsage = true },
    };

    public static DialectPair Of(string client, string provider) => new(
        Chats.Single(dialect => dialect.Name == client), Chats.Single(dialect => dialect.Name == provider));

    public static ReadOnlyMemory<byte> Write(Dialect dialect, ChatRequest request)
    {
        var body = new ArrayBufferWriter<byte>();
        var upstream = new UpstreamTraits
        {
            Model = "some-model",
            Stream = request.Stream,
            CompatibleServer = true,
        };
        dialect.WriteRequest(request, upstream, body);
        if (dialect != DialectTable.Gemini)
        {
            // Gemini's model stands in the path.
            EnvelopeReader.Read(body.WrittenSpan);
        }

        return body.WrittenMemory;
    }

    public static ChatRequest Read(Dialect dialect, ReadOnlyMemory<byte> body, bool stream) =>
        dialect.ReadRequest(body, new Envelope("some-model", stream));

    /// <summary>Null for an answer that failed.</summary>
    public static ChatResponse? Through(Dialect dialect, ChatResponse response)
    {
        var body = new ArrayBufferWriter<byte>();
        dialect.WriteResponse(response, Context, body);
        var events = new List<ChatEvent>();
        dialect.ReadResponse(body.WrittenMemory, events);
        return ChatResponse.Assemble(events);
    }

    /// <summary>A client's next request: the answer as it came, among what was said before and after.</summary>
    public static ReadOnlyMemory<byte> Echo(Dialect client, ChatResponse answer)
    {
        var written = new ArrayBufferWriter<byte>();
        client.WriteResponse(answer, Context, written);
        var body = JsonNode.Parse(written.WrittenSpan)!;
        JsonNode said = client.Name switch
        {
            "openai-chat" => new JsonObject
            {
                ["messages"] = new JsonArray(body["choices"]![0]!["message"]!.DeepClone()),
            },
            "openai-responses" => new JsonObject { ["input"] = body["output"]!.DeepClone() },
            "anthropic" => new JsonObject
            {
                ["max_tokens"] = 1,
                ["messages"] = new JsonArray(new JsonObject
                {
                    ["role"] = "assistant",
                    ["content"] = body["content"]!.DeepClone(),
                }),
            },
            _ => new JsonObject { ["contents"] = new JsonArray(body["candidates"]![0]!["content"]!.DeepClone()) },
        };
        if (client != DialectTable.Gemini)
        {
            said["model"] = "some-model";
        }

        return Encoding.UTF8.GetBytes(said.ToJsonString());
    }

    public static ArrayBufferWriter<byte> WriteStream(Dialect dialect, IEnumerable<ChatEvent> events)
    {
        var writer = dialect.CreateStreamWriter(Context);
        var output = new ArrayBufferWriter<byte>();
        foreach (var e in events)
        {
            writer.Write(e, output);
        }

        writer.End(output);
        return output;
    }

    /// <summary>Reads a stream that comes one byte at a time, which must end in good order.</summary>
    public static List<ChatEvent> ReadStream(Dialect dialect, ReadOnlySpan<byte> stream)
    {
        using var buffer = new EventBuffer();
        var reader = dialect.CreateStreamReader();
        var watch = dialect.CreateStreamWatch();
        var events = new List<ChatEvent>();
        var ended = false;
        foreach (var b in stream)
        {
            buffer.GetMemory(1).Span[0] = b;
            buffer.Advance(1);
            while (buffer.TryRead(out var e))
            {
                Assert.True(e.HasData);
                reader.Read(e.Name.Span, e.Data, events);
                var verdict = watch.Observe(e.Name.Span, e.Data.Span);
                Assert.True(
                    verdict is WatchVerdict.Content or WatchVerdict.Preamble or WatchVerdict.End,
                    $"{dialect.Name}: {verdict} for {Encoding.UTF8.GetString(e.Data.Span)}");
                ended |= verdict == WatchVerdict.End;
            }
        }

        Assert.False(buffer.HasPartial);
        Assert.True(ended || watch.Complete(new ArrayBufferWriter<byte>()), dialect.Name + " did not end its stream");
        Assert.True(reader.Complete(events) || events.Any(e => e is ResponseFailed), dialect.Name + " is cut");
        return events;
    }

    /// <summary>Whether a place named in a refusal, such as <c>messages[0].content[1]</c>, is in the body.</summary>
    public static bool Has(ReadOnlyMemory<byte> body, string path)
    {
        using var document = JsonDocument.Parse(body);
        var at = document.RootElement;
        foreach (var step in path.Replace("[", ".[", StringComparison.Ordinal).Split('.'))
        {
            if (step.StartsWith('['))
            {
                var index = int.Parse(step.AsSpan(1, step.Length - 2), CultureInfo.InvariantCulture);
                if (at.ValueKind != JsonValueKind.Array || index >= at.GetArrayLength())
                {
                    return false;
                }

                at = at[index];
            }
            else if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at))
            {
                return false;
            }
        }

        return true;
    }
}
