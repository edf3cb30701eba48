using System.Buffers;
using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Tests.Gateway.Dialects.OpenAIChat;

public sealed class OpenAIChatRoundTripTests
{
    private const Sayings Sayable = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData | Sayings.Audio
        | Sayings.UnsignedThoughts | Sayings.CallSignatures | Sayings.ToolErrors
        | Sayings.AllowedTools | Sayings.StrictTools | Sayings.ParallelToolCalls | Sayings.JsonObject
        | Sayings.JsonSchema | Sayings.SchemaNames | Sayings.TopK | Sayings.Penalties | Sayings.Seed
        | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.EndUser | Sayings.SameRoleRuns
        | Sayings.LateInstructions | Sayings.ManyInstructions | Sayings.ManyTexts | Sayings.CachedTokens
        | Sayings.CacheWrites | Sayings.ReasoningTokens | Sayings.ContentFilterEnding | Sayings.MalformedEnding
        | Sayings.ManyCalls;

    private static readonly Dialect Dialect = DialectTable.OpenAIChat;

    [Fact]
    public void A_request_that_is_written_and_read_keeps_its_meaning()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var request = new ConversationGenerator(seed, Sayable).Request();
            var body = new ArrayBufferWriter<byte>();
            Dialect.WriteRequest(
                request,
                new UpstreamTraits { Model = "some-model", Stream = request.Stream, CompatibleServer = true },
                body);
            EnvelopeReader.Read(body.WrittenSpan);
            var again = Dialect.ReadRequest(body.WrittenMemory, new Envelope("some-model", request.Stream));
            var expected = Turns.Normalised(request);
            Assert.True(
                ConversationText.Of(expected) == ConversationText.Of(Turns.Normalised(again)),
                $"seed {seed}\n{ConversationText.Of(expected)}\n---\n{ConversationText.Of(Turns.Normalised(again))}\n"
                + Encoding.UTF8.GetString(body.WrittenSpan));
        }
    }

    [Fact]
    public void An_answer_that_is_written_and_read_keeps_its_meaning()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var response = new ConversationGenerator(seed, Sayable & ~Sayings.ManyTexts).Response();
            var body = new ArrayBufferWriter<byte>();
            Dialect.WriteResponse(response, Context(), body);
            var events = new List<ChatEvent>();
            Dialect.ReadResponse(body.WrittenMemory, events);
            AssertSame(seed, response, ChatResponse.Assemble(events), body);
            var facts = Dialect.ReadResponseFacts(body.WrittenSpan);
            Assert.Equal(response.Usage?.OutputTokens ?? 0, facts.Usage?.OutputTokens ?? 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stream_that_is_written_and_read_assembles_to_the_answer(bool overlap)
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var generator = new ConversationGenerator(seed, Sayable & ~Sayings.ManyTexts);
            var response = generator.Response();
            var writer = Dialect.CreateStreamWriter(Context());
            var stream = new ArrayBufferWriter<byte>();
            foreach (var e in generator.Stream(response, overlap))
            {
                writer.Write(e, stream);
            }

            writer.End(stream);
            AssertSame(seed, Joined(response), Joined(ChatResponse.Assemble(ReadStream(stream.WrittenSpan))!), stream);
        }
    }

    /// <summary>
    /// Thoughts, text and calls that take turns are blocks of their own to the reader, so that a dialect with one
    /// open block can stream them on; a message has one of each.
    /// </summary>
    private static ChatResponse Joined(ChatResponse response)
    {
        var thoughts = string.Concat(response.Parts.OfType<ReasoningPart>().Select(part => part.Text));
        var text = string.Concat(response.Parts.OfType<TextPart>().Select(part => part.Text));
        return response with
        {
            Parts = [new ReasoningPart(thoughts), new TextPart(text), .. response.Parts.OfType<ToolCallPart>()],
        };
    }

    internal static List<ChatEvent> ReadStream(ReadOnlySpan<byte> stream)
    {
        using var buffer = new EventBuffer();
        stream.CopyTo(buffer.GetMemory(stream.Length).Span);
        buffer.Advance(stream.Length);
        var (reader, watch) = (Dialect.CreateStreamReader(), Dialect.CreateStreamWatch());
        var events = new List<ChatEvent>();
        var last = WatchVerdict.Preamble;
        while (buffer.TryRead(out var e))
        {
            reader.Read(e.Name.Span, e.Data, events);
            last = watch.Observe(e.Name.Span, e.Data.Span);
            Assert.True(last is WatchVerdict.Content or WatchVerdict.Preamble or WatchVerdict.End);
        }

        Assert.True(reader.Ended);
        Assert.Equal(WatchVerdict.End, last);
        return events;
    }

    private static void AssertSame(
        int seed, ChatResponse expected, ChatResponse? actual, ArrayBufferWriter<byte> written) =>
        Assert.True(
            ConversationText.Of(expected) == ConversationText.Of(actual),
            $"seed {seed}\n{ConversationText.Of(expected)}\n---\n{ConversationText.Of(actual)}\n"
            + Encoding.UTF8.GetString(written.WrittenSpan));

    private static AnswerContext Context() => new()
    {
        RequestId = "r",
        Model = "some-model",
        CreatedUnixSeconds = 1,
        Request = new ChatRequest { Model = "some-model", Turns = [], IncludeUsage = true },
    };
}
