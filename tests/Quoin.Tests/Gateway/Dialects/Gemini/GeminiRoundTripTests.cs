using System.Text;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

/// <summary>Generated conversations through the dialect's writers and readers come back with their meaning.</summary>
public sealed class GeminiRoundTripTests
{
    private const Sayings Requests = Sayings.ImageData | Sayings.DocumentUrls | Sayings.Audio
        | Sayings.RedactedThoughts | Sayings.CallSignatures | Sayings.ToolErrors | Sayings.AllowedTools
        | Sayings.JsonObject | Sayings.JsonSchema | Sayings.TopK | Sayings.Penalties
        | Sayings.Seed | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.Budget
        | Sayings.ManyTexts | Sayings.TextAfterCalls | Sayings.ResultNames | Sayings.ManyCalls;

    private const Sayings Answers = Sayings.Thoughts | Sayings.RedactedThoughts | Sayings.UnsignedThoughts
        | Sayings.CallSignatures | Sayings.LogProbs | Sayings.TextAfterCalls | Sayings.CachedTokens
        | Sayings.ReasoningTokens | Sayings.ContentFilterEnding | Sayings.MalformedEnding | Sayings.ManyCalls;

    [Fact]
    public void A_request_written_and_read_again_has_the_same_meaning()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var request = new ConversationGenerator(seed, Requests).Request();
            var again = GeminiSamples.Read(GeminiSamples.Write(request, "gemini-3-pro"), request.Stream);

            Assert.Equal(ConversationText.Of(request), ConversationText.Of(again));
        }
    }

    [Fact]
    public void An_answer_written_whole_and_read_again_is_the_same()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var response = new ConversationGenerator(seed, Answers).Response();

            Assert.Equal(
                ConversationText.Of(response),
                ConversationText.Of(GeminiSamples.ReadResponse(GeminiSamples.WriteResponse(response))));
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
            var response = generator.Response();
            var stream = GeminiSamples.WriteStream(generator.Stream(response, overlap).ToList());

            Assert.Equal(
                ConversationText.Of(response),
                ConversationText.Of(GeminiSamples.ReadStream([.. GeminiSamples.Payloads(stream)])));
        }
    }

    [Fact]
    public void Facts_of_a_written_answer_are_found()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var response = new ConversationGenerator(seed, Answers).Response();
            var body = Encoding.UTF8.GetBytes(GeminiSamples.WriteResponse(response));
            var facts = GeminiSamples.Dialect.ReadResponseFacts(body);

            Assert.Equal(response.Model, facts.Model);
            Assert.Equal(response.Finish, facts.Finish);
            Assert.Equal(response.Usage, facts.Usage);
        }
    }
}
