using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

/// <summary>Generated conversations through the dialect's writers and readers come back with their meaning.</summary>
public sealed class ResponsesRoundTripTests
{
    private const Sayings Requests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData
        | Sayings.DocumentUrls | Sayings.Refusals | Sayings.ToolErrors | Sayings.ToolImages | Sayings.AllowedTools
        | Sayings.StrictTools | Sayings.ParallelToolCalls | Sayings.JsonObject | Sayings.JsonSchema
        | Sayings.SchemaNames | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.EndUser
        | Sayings.SameRoleRuns | Sayings.LateInstructions | Sayings.ManyInstructions | Sayings.ManyTexts
        | Sayings.TextAfterCalls | Sayings.ManyCalls;

    private const Sayings Answers = Sayings.Thoughts | Sayings.RedactedThoughts | Sayings.UnsignedThoughts
        | Sayings.Refusals | Sayings.LogProbs | Sayings.ManyTexts | Sayings.TextAfterCalls | Sayings.CachedTokens
        | Sayings.CacheWrites | Sayings.ReasoningTokens | Sayings.ContentFilterEnding | Sayings.ManyCalls;

    [Fact]
    public void A_request_written_and_read_again_has_the_same_meaning()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            // There are no stop sequences here, and a function is strict unless it says that it is not.
            var request = new ConversationGenerator(seed, Requests).Request() with { Stop = [] };
            request = request with
            {
                Tools = [.. request.Tools.Select(tool => tool with { Strict = tool.Strict ?? false })],
            };

            Assert.Equal(
                ConversationText.Of(request),
                ConversationText.Of(ResponsesSamples.Read(ResponsesSamples.Write(request), request.Stream)));
        }
    }

    [Fact]
    public void An_answer_written_whole_and_read_again_is_the_same()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var response = Answer(new ConversationGenerator(seed, Answers));

            Assert.Equal(
                ConversationText.Of(response),
                ConversationText.Of(ResponsesSamples.ReadResponse(ResponsesSamples.WriteResponse(response))));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_streamed_and_read_again_is_the_same(bool overlap)
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var generator = new ConversationGenerator(seed, Answers);
            var response = Answer(generator);
            var stream = ResponsesSamples.WriteStream(generator.Stream(response, overlap).ToList());
            var payloads = ResponsesSamples.Payloads(stream);

            Assert.Equal(ConversationText.Of(response), ConversationText.Of(ResponsesSamples.Assembled(payloads)));
            Watch(payloads, response);
        }
    }

    [Fact]
    public void The_last_event_holds_the_same_response_as_the_whole_answer()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var generator = new ConversationGenerator(seed, Answers);
            var response = Answer(generator);
            var stream = ResponsesSamples.WriteStream(generator.Stream(response, overlap: false).ToList());
            var last = ResponsesSamples.Parse(ResponsesSamples.Payloads(stream)[^1]).GetProperty("response");

            Assert.Equal(ResponsesSamples.WriteResponse(response), last.GetRawText());
        }
    }

    [Fact]
    public void Facts_of_a_written_answer_are_found()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var response = Answer(new ConversationGenerator(seed, Answers));
            var body = Encoding.UTF8.GetBytes(ResponsesSamples.WriteResponse(response));
            var facts = ResponsesSamples.Dialect.ReadResponseFacts(body);

            Assert.Equal((response.Model, response.Finish, response.Usage), (facts.Model, facts.Finish, facts.Usage));
        }
    }

    private static void Watch(List<string> payloads, ChatResponse response)
    {
        var watch = ResponsesSamples.Dialect.CreateStreamWatch();
        var verdicts = payloads.ConvertAll(payload => watch.Observe(default, Encoding.UTF8.GetBytes(payload)));
        Assert.Equal(WatchVerdict.End, verdicts[^1]);
        Assert.All(verdicts[..^1], verdict => Assert.True(verdict is WatchVerdict.Content or WatchVerdict.Preamble));
        Assert.Equal((response.Model, response.Finish, response.Usage), (watch.Model, watch.Finish, watch.Usage));
    }

    /// <summary>The API's usage always tells cached and reasoning tokens.</summary>
    private static ChatResponse Answer(ConversationGenerator generator)
    {
        var response = generator.Response();
        return response with
        {
            Usage = response.Usage! with
            {
                CachedInputTokens = response.Usage.CachedInputTokens ?? 0,
                ReasoningTokens = response.Usage.ReasoningTokens ?? 0,
            },
        };
    }
}
