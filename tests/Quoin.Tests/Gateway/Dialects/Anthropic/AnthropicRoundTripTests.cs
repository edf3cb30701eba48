using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicRoundTripTests
{
    private const int Seeds = 500;

    private const Sayings Requests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData
        | Sayings.DocumentUrls | Sayings.Thoughts | Sayings.RedactedThoughts | Sayings.ToolErrors | Sayings.ToolImages
        | Sayings.StrictTools | Sayings.ParallelToolCalls | Sayings.JsonSchema | Sayings.TopK | Sayings.Effort
        | Sayings.Budget | Sayings.EndUser | Sayings.SameRoleRuns | Sayings.ManyInstructions | Sayings.ManyTexts
        | Sayings.TextAfterCalls | Sayings.ManyCalls;

    private const Sayings Answers = Sayings.Thoughts | Sayings.UnsignedThoughts | Sayings.RedactedThoughts
        | Sayings.ManyTexts | Sayings.TextAfterCalls | Sayings.ManyCalls | Sayings.CachedTokens | Sayings.CacheWrites
        | Sayings.ReasoningTokens | Sayings.StopSequenceEnding | Sayings.RefusalEnding | Sayings.PauseEnding;

    [Fact]
    public void A_written_request_is_read_with_the_same_meaning()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var request = new ConversationGenerator(seed, Requests).Request();
            var written = AnthropicText.Write(request, "some-model", request.Stream);
            var read = AnthropicText.Read(written.ToJsonString());

            Assert.Equal(ConversationText.Of(AsSaid(request)), ConversationText.Of(read));
        }
    }

    [Fact]
    public void A_request_that_was_read_and_written_is_written_the_same_again()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var request = new ConversationGenerator(seed, Requests).Request();
            var once = AnthropicText.Write(request, "some-model", request.Stream).ToJsonString();
            var twice = AnthropicText.Write(AnthropicText.Read(once), "some-model", request.Stream).ToJsonString();

            Assert.Equal(once, twice);
        }
    }

    [Fact]
    public void A_written_answer_is_read_back_whole_and_streamed()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var generator = new ConversationGenerator(seed, Answers);
            var response = generator.Response();
            var whole = ChatResponse.Assemble(AnthropicText.ReadResponse(AnthropicText.Write(response)));
            var stream = AnthropicText.ReadStream(
                AnthropicText.WriteStream(generator.Stream(response, overlap: true)));

            Assert.True(stream.Complete);
            Assert.True(stream.Ended);
            Assert.Equal(ConversationText.Of(response), ConversationText.Of(whole));
            Assert.Equal(ConversationText.Of(response), ConversationText.Of(ChatResponse.Assemble(stream.Events)));
        }
    }

    [Fact]
    public void A_calls_signature_comes_back_through_a_client_that_echoes_the_answer()
    {
        var signed = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var generator = new ConversationGenerator(seed, Answers | Sayings.CallSignatures);
            var response = generator.Response();
            var content = System.Text.Json.Nodes.JsonNode.Parse(AnthropicText.Write(response))!["content"]!;
            var echoed = AnthropicText.ReadMessages(
                "[{\"role\":\"assistant\",\"content\":" + content.ToJsonString() + "}]");
            var expected = new ChatRequest
            {
                Model = "m",
                MaxTokens = 10,
                Turns = [new Turn(Role.Assistant, response.Parts)],
            };

            Assert.Equal(ConversationText.Of(expected), ConversationText.Of(echoed));
            signed += response.Parts.Count(part => part is ToolCallPart { Signature: not null });
        }

        Assert.True(signed > 20);
    }

    /// <summary>What has one spelling here though several in a request.</summary>
    private static ChatRequest AsSaid(ChatRequest request)
    {
        var turns = new List<Turn>();
        foreach (var turn in request.Turns)
        {
            if (turns.Count > 0 && turns[^1].Role == turn.Role)
            {
                turns[^1] = turns[^1] with { Parts = [.. turns[^1].Parts, .. turn.Parts] };
            }
            else
            {
                turns.Add(turn);
            }
        }

        var single = request.ParallelToolCalls == false && request.Tools.Count > 0;
        var choice = request.ToolChoice ?? (single ? new ToolChoice(ToolChoiceMode.Auto) : null);
        return request with
        {
            Turns = turns,
            ToolChoice = choice,
            ParallelToolCalls = single && choice?.Mode != ToolChoiceMode.None ? false : null,
            MaxTokens = request.MaxTokens ?? (request.Reasoning?.BudgetTokens ?? 0) + 4096,
        };
    }
}
