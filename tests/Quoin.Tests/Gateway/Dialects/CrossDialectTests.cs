using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>
/// Every ordered pair of chat dialects: what a client says in one reaches a provider of the other with its meaning,
/// and so does the answer, streamed or not.
/// </summary>
public sealed class CrossDialectTests
{
    private const int Seeds = 200;

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var client in DialectPair.Chats)
        {
            foreach (var provider in DialectPair.Chats.Where(dialect => dialect != client))
            {
                pairs.Add(client.Name, provider.Name);
            }
        }

        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void What_both_can_say_is_the_same_there_and_back(string client, string provider)
    {
        var pair = DialectPair.Of(client, provider);
        var sayings = DialectSayings.Requests(pair.Client) & DialectSayings.Requests(pair.Provider);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var request = new ConversationGenerator(seed, sayings).Request();
            request = request with
            {
                MaxTokens = request.MaxTokens ?? 65536,
                Stop = client == "openai-responses" || provider == "openai-responses" ? [] : request.Stop,
            };
            var body = DialectPair.Write(pair.Client, request);
            var asked = DialectPair.Read(pair.Client, body, request.Stream);
            var (there, back) = ThereAndBack(pair, asked);

            AssertSame(seed, DialectLosses.Text(asked), DialectLosses.Text(there));
            AssertSame(seed, DialectLosses.Text(asked), DialectLosses.Text(back));
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void What_the_provider_cannot_say_is_refused_by_name_and_nothing_else_is_lost(
        string client, string provider)
    {
        var pair = DialectPair.Of(client, provider);
        var own = DialectSayings.Requests(pair.Client);
        var translated = 0;
        for (var seed = 0; seed < 2 * Seeds; seed++)
        {
            var request = new ConversationGenerator(seed, Some(seed, own, DialectSayings.Requests(pair.Provider)))
                .Request();
            request = request with
            {
                Stop = client == "openai-responses" ? [] : request.Stop,

                // An effort comes back from Gemini as a budget, which Anthropic wants below the limit.
                MaxTokens = request.MaxTokens ?? (request.Reasoning is null ? null : 65536),
            };
            var body = DialectPair.Write(pair.Client, request);
            var asked = DialectPair.Read(pair.Client, body, request.Stream);
            try
            {
                DialectPair.Write(pair.Provider, asked);
            }
            catch (UntranslatableException e)
            {
                var place = e.Path ?? pair.Client.FieldName(e.Field);
                Assert.True(
                    DialectPair.Has(body, place),
                    $"seed {seed}: {place} ({e.Message}) is not in {Encoding.UTF8.GetString(body.Span)}");
                continue;
            }

            translated++;
            var (there, back) = ThereAndBack(pair, asked);
            var left = DialectLosses.Left(pair.Provider, asked);
            AssertSame(seed, DialectLosses.Text(left), DialectLosses.Text(there));
            AssertSame(seed, DialectLosses.Text(DialectLosses.Left(pair.Client, left)), DialectLosses.Text(back));
        }

        Assert.True(translated > Seeds / 4, $"only {translated} were translated");
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void An_answer_keeps_its_meaning_streamed_and_not(string client, string provider)
    {
        var pair = DialectPair.Of(client, provider);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var generator = new ConversationGenerator(seed, AnswerSayings(pair));
            var response = generator.Response();
            var answered = DialectPair.Through(pair.Provider, response)!;
            var whole = DialectPair.Through(pair.Client, answered);
            var expected = DialectLosses.Left(pair.Client, answered);
            AssertSame(seed, DialectLosses.Text(expected), DialectLosses.Text(whole));

            var stream = DialectPair.WriteStream(pair.Provider, generator.Stream(response, overlap: true));
            var events = DialectPair.ReadStream(pair.Provider, stream.WrittenSpan);
            var translated = DialectPair.WriteStream(pair.Client, events);
            var assembled = ChatResponse.Assemble(DialectPair.ReadStream(pair.Client, translated.WrittenSpan));
            AssertSame(seed, DialectLosses.Text(Ordered(pair, whole)), DialectLosses.Text(Ordered(pair, assembled)));
        }
    }

    /// <summary>What a provider sealed comes back to it through clients of all dialects that can carry it.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public void An_answer_that_the_client_sends_back_keeps_its_seals(string client, string provider)
    {
        var pair = DialectPair.Of(client, provider);
        var seals = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var response = new ConversationGenerator(seed, AnswerSayings(pair)).Response();
            var answered = DialectPair.Through(pair.Provider, response)!;
            var history = DialectPair.Read(pair.Client, DialectPair.Echo(pair.Client, answered), stream: false);
            var echoed = history.Turns.SelectMany(turn => turn.Parts).ToList();
            var calls = answered.Parts.OfType<ToolCallPart>().ToList();
            Assert.Equal(
                calls.Select(call => call.Signature), echoed.OfType<ToolCallPart>().Select(call => call.Signature));
            seals += calls.Count(call => call.Signature is not null);
            if (client != "openai-chat")
            {
                var thoughts = answered.Parts.OfType<ReasoningPart>().Where(part => part.Signature is not null);
                Assert.Equal(
                    thoughts.Select(part => (part.Text, part.Signature, part.Redacted)),
                    echoed.OfType<ReasoningPart>().Where(part => part.Signature is not null)
                        .Select(part => (part.Text, part.Signature, part.Redacted)));
                seals += thoughts.Count();
            }
        }

        Assert.True(seals > 0 || client == "openai-chat");
    }

    /// <summary>A failed response of the responses API is no answer at all; its own tests tell how it ends.</summary>
    private static Sayings AnswerSayings(DialectPair pair) =>
        DialectSayings.Answers(pair.Provider)
        & ~(pair.Client.Name == "openai-responses" ? Sayings.MalformedEnding : Sayings.None);

    /// <summary>What both can say, and at random some of what the client alone can.</summary>
    private static Sayings Some(int seed, Sayings own, Sayings others)
    {
        var random = new Random(seed);
        var some = own & others;
        for (var bit = 0; bit < 63; bit++)
        {
            some |= random.Next(8) == 0 ? own & (Sayings)(1L << bit) : Sayings.None;
        }

        return some;
    }

    private static (ChatRequest There, ChatRequest Back) ThereAndBack(DialectPair pair, ChatRequest asked)
    {
        var there = DialectPair.Read(pair.Provider, DialectPair.Write(pair.Provider, asked), asked.Stream);
        var back = DialectPair.Read(pair.Client, DialectPair.Write(pair.Client, there), asked.Stream);
        return (there, back);
    }

    /// <summary>A chat completion's message has one text and one row of calls; its stream tells their order.</summary>
    private static ChatResponse? Ordered(DialectPair pair, ChatResponse? response) =>
        response is not null && pair.Client.Name == "openai-chat"
            ? response with { Parts = [.. DialectLosses.AsChatMessage(response.Parts)] }
            : response;

    private static void AssertSame(int seed, string expected, string actual) =>
        Assert.True(expected == actual, $"seed {seed}\n{expected}\n--- but was\n{actual}");
}
