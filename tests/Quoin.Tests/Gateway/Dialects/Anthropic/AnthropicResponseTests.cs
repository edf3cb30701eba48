using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicResponseTests
{
    [Theory]
    [InlineData("end_turn", FinishReason.Stop)]
    [InlineData("max_tokens", FinishReason.Length)]
    [InlineData("model_context_window_exceeded", FinishReason.Length)]
    [InlineData("stop_sequence", FinishReason.StopSequence)]
    [InlineData("tool_use", FinishReason.ToolCalls)]
    [InlineData("pause_turn", FinishReason.Pause)]
    [InlineData("compaction", FinishReason.Pause)]
    [InlineData("refusal", FinishReason.Refusal)]
    public void Stop_reasons_are_read_and_written_again(string word, object finish)
    {
        var response = ChatResponse.Assemble(AnthropicText.ReadResponse(
            "{\"content\":[],\"stop_reason\":\"" + word + "\",\"usage\":{}}"))!;

        Assert.Equal(finish, response.Finish);
        Assert.Equal(word, (string?)JsonNode.Parse(AnthropicText.Write(response))!["stop_reason"]);
    }

    [Theory]
    [InlineData(FinishReason.ContentFilter)]
    [InlineData(FinishReason.Malformed)]
    public void Endings_without_a_word_are_refusals_that_explain(object finish)
    {
        var message = JsonNode.Parse(AnthropicText.Write(new ChatResponse { Finish = (FinishReason)finish }))!;

        Assert.Equal("refusal", (string?)message["stop_reason"]);
        Assert.NotNull((string?)message["stop_details"]!["explanation"]);
    }

    [Fact]
    public void A_plain_stop_after_tool_calls_still_runs_the_tools() => Assert.Equal(
        "tool_use",
        (string?)JsonNode.Parse(AnthropicText.Write(new ChatResponse
        {
            Finish = FinishReason.Stop,
            Parts = [new ToolCallPart("a", "f", "{}")],
        }))!["stop_reason"]);

    [Fact]
    public void Arguments_that_are_no_object_are_kept_inside_one() => Assert.Equal(
        """{"invalid_json":"{\u0022a"}""",
        JsonNode.Parse(AnthropicText.Write(new ChatResponse { Parts = [new ToolCallPart("a", "f", "{\"a")] }))!
            ["content"]![0]!["input"]!.ToJsonString());

    [Fact]
    public void A_call_without_an_id_gets_one() => Assert.Equal(
        "toolu_req-1_0",
        (string?)JsonNode.Parse(AnthropicText.Write(new ChatResponse { Parts = [new ToolCallPart("", "f", "{}")] }))!
            ["content"]![0]!["id"]);

    [Fact]
    public void Usage_that_is_not_told_stays_untold()
    {
        var response = ChatResponse.Assemble(AnthropicText.ReadResponse(
            """{"content":[],"stop_reason":"end_turn","usage":{"output_tokens":0}}"""))!;

        Assert.Equal(new Usage { OutputTokens = 0 }, response.Usage);
    }

    [Fact]
    public void An_error_body_is_a_failed_answer() => Assert.IsType<ResponseFailed>(Assert.Single(
        AnthropicText.ReadResponse("""{"type":"error","error":{"type":"overloaded_error","message":"m"}}""")));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"content":"x"}""")]
    [InlineData("""{"content":[5]}""")]
    public void Bodies_of_another_shape_are_json_errors(string body) =>
        Assert.ThrowsAny<JsonException>(() => AnthropicText.ReadResponse(body));
}
