using System.Buffers;
using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Fuzz.Conversations;

/// <summary>Good requests, answers and streams of a dialect, made by its own writers from generated ones.</summary>
internal static class DialectSamples
{
    /// <summary>Every chat dialect that is spoken both ways.</summary>
    public static readonly Dialect[] ChatDialects =
    [
        DialectTable.OpenAIChat, DialectTable.OpenAIResponses, DialectTable.Anthropic, DialectTable.Gemini,
    ];

    /// <summary>Those that clients speak.</summary>
    public static readonly Dialect[] ClientDialects =
        [.. ChatDialects, DialectTable.OpenAICompletions, DialectTable.HapaxCompletions];

    private const int Seeds = 60;

    private static readonly string[] Completions =
    [
        """{"model":"m","prompt":"Say hello","max_tokens":5,"temperature":0.5,"stop":["a"],"stream":false}""",
        """{"model":"m","prompt":["Say hello"],"top_p":1,"n":1,"seed":1,"user":"u","stop":"x"}""",
        """{"model":"m","prompt":"a","stream":true,"stream_options":{"include_usage":true},"logprobs":2}""",
        """{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":1,"max_tokens":9}""",
        """{"model":"m","input":"hi","stream":true}""",
        """{"input":"hi"}""",
    ];

    public static UpstreamTraits TraitsOf(Dialect dialect, bool stream) => new()
    {
        Model = "some-model",
        Stream = stream,
        CompatibleServer = dialect == DialectTable.OpenAIChat,
    };

    public static AnswerContext ContextFor(ChatRequest request) => new()
    {
        RequestId = "01REQUEST",
        Model = "some-model",
        CreatedUnixSeconds = 1700000000,
        Request = request,
    };

    public static ChatRequest SimpleRequest(bool stream) => new()
    {
        Model = "some-model",
        Turns = [new Turn(Role.User, [new TextPart("hi")])],
        Stream = stream,
        IncludeUsage = stream,
    };

    public static IEnumerable<byte[]> Requests(Dialect dialect)
    {
        if (!ChatDialects.Contains(dialect))
        {
            foreach (var sample in Completions)
            {
                yield return Encoding.UTF8.GetBytes(sample);
            }

            yield break;
        }

        for (var seed = 0; seed < Seeds; seed++)
        {
            var output = new ArrayBufferWriter<byte>();
            try
            {
                var request = new ConversationGenerator(seed, SayingsOf(seed)).Request();
                dialect.WriteRequest(request, TraitsOf(dialect, request.Stream), output);
            }
            catch (UntranslatableException)
            {
                continue;
            }

            yield return output.WrittenSpan.ToArray();
        }
    }

    public static IEnumerable<byte[]> Answers(Dialect dialect)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var output = new ArrayBufferWriter<byte>();
            var response = new ConversationGenerator(seed, SayingsOf(seed)).Response();
            dialect.WriteResponse(response, ContextFor(SimpleRequest(stream: false)), output);
            yield return output.WrittenSpan.ToArray();
        }
    }

    public static IEnumerable<byte[]> Streams(Dialect dialect)
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var output = new ArrayBufferWriter<byte>();
            var generator = new ConversationGenerator(seed, SayingsOf(seed));
            var writer = dialect.CreateStreamWriter(ContextFor(SimpleRequest(stream: true)));
            foreach (var e in generator.Stream(generator.Response(), overlap: seed % 2 == 0))
            {
                writer.Write(e, output);
            }

            writer.End(output);
            yield return output.WrittenSpan.ToArray();
        }
    }

    // Few things at once for most seeds: a request that holds everything is refused by every dialect for something.
    private static Sayings SayingsOf(int seed)
    {
        var random = new Random(seed);
        var sayings = (Sayings)(random.NextInt64() & random.NextInt64());
        return seed % 3 == 0 ? sayings : (Sayings)((long)sayings & random.NextInt64());
    }
}
