using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

public sealed class ResponsesRequestWriterTests
{
    [Fact]
    public void Nothing_is_stored_upstream()
    {
        var json = ResponsesSamples.WriteJson(ResponsesSamples.User(new TextPart("x")), stream: true);
        Assert.False(json.GetProperty("store").GetBoolean());
        Assert.True(json.GetProperty("stream").GetBoolean());
        Assert.False(json.TryGetProperty("include", out _));
    }

    [Fact]
    public void Thoughts_are_asked_for_in_their_encrypted_form()
    {
        var request = ResponsesSamples.User(new TextPart("x"))
            with
        { Reasoning = new Reasoning(null, 9000, IncludeThoughts: true) };
        var json = ResponsesSamples.WriteJson(request);
        Assert.Equal("""{"effort":"medium","summary":"auto"}""", json.GetProperty("reasoning").GetRawText());
        Assert.Equal("""["reasoning.encrypted_content"]""", json.GetProperty("include").GetRawText());

        var none = ResponsesSamples.WriteJson(request with { Reasoning = new Reasoning(ReasoningEffort.None) });
        Assert.Equal("""{"effort":"none"}""", none.GetProperty("reasoning").GetRawText());
        Assert.False(none.TryGetProperty("include", out _));
    }

    [Fact]
    public void Only_thoughts_that_this_api_sealed_go_back()
    {
        var json = ResponsesSamples.WriteJson(new ChatRequest
        {
            Model = "m",
            Turns =
            [
                new Turn(Role.Assistant,
                [
                    new ReasoningPart("mine", "openai:rs_1:gAAA"),
                    new ReasoningPart("foreign", "EqoBCkgIBxABGAIi"),
                    new ReasoningPart("unsigned"),
                    new ToolCallPart("c1", "f", "", "gemini-signature"),
                ]),
                new Turn(Role.User, [new ToolResultPart("c1", [new TextPart("no")], IsError: true)]),
            ],
        });
        Assert.Equal(
            """
            [{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"mine"}],"encrypted_content":"gAAA"},
            {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
            {"type":"function_call_output","call_id":"c1","output":"[tool error]\nno"}]
            """.ReplaceLineEndings(""),
            json.GetProperty("input").GetRawText());
    }

    [Fact]
    public void A_function_without_a_word_on_strict_is_not_strict()
    {
        var request = ResponsesSamples.User(new TextPart("x")) with { Tools = [new Tool("f", null, default)] };
        Assert.Equal(
            """[{"type":"function","name":"f","parameters":null,"strict":false}]""",
            ResponsesSamples.WriteJson(request).GetProperty("tools").GetRawText());
    }

    [Fact]
    public void Settings_that_the_api_does_not_have_are_refused()
    {
        var request = ResponsesSamples.User(new TextPart("x"));
        Refused(request with { TopK = 1 }, ChatField.TopK);
        Refused(request with { Seed = 1 }, ChatField.Seed);
        Refused(request with { Stop = ["x"] }, ChatField.Stop);
        Refused(request with { FrequencyPenalty = 1 }, ChatField.FrequencyPenalty);
        Refused(request with { PresencePenalty = 1 }, ChatField.PresencePenalty);
    }

    [Theory]
    [InlineData("audio/wav", "UklGRg==", null)]
    [InlineData("video/mp4", "AAAA", null)]
    [InlineData("image/png", null, "gs://bucket/a.png")]
    [InlineData("application/pdf", null, "file:///a.pdf")]
    public void Media_that_the_api_does_not_take_is_refused_by_its_place(string type, string? data, string? url)
    {
        var request = ResponsesSamples.User(new MediaPart(type, data, url) { Path = "messages[0].content[3]" });
        var refusal = Assert.Throws<UntranslatableException>(() => ResponsesSamples.Write(request));
        Assert.Equal("messages[0].content[3]", refusal.Path);
    }

    private static void Refused(ChatRequest request, ChatField field) =>
        Assert.Equal(field, Assert.Throws<UntranslatableException>(() => ResponsesSamples.Write(request)).Field);
}
