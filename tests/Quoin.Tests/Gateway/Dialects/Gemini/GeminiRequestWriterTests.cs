using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

public sealed class GeminiRequestWriterTests
{
    private static readonly Turn Question = new(Role.User, [new TextPart("q")]);

    [Fact]
    public void Leading_instructions_become_one_and_turns_of_a_role_are_merged()
    {
        var json = GeminiSamples.WriteJson(With(
            new Turn(Role.System, [new TextPart("a")]), new Turn(Role.System, [new TextPart("b"), new TextPart("")]),
            Question, new Turn(Role.User, [new TextPart("more"), new TextPart("")]),
            new Turn(Role.Assistant, [new TextPart("")]), Question));

        Assert.Equal("""{"parts":[{"text":"a"},{"text":"b"}]}""", json.GetProperty("systemInstruction").GetRawText());
        Assert.Equal(
            """[{"role":"user","parts":[{"text":"q"},{"text":"more"}]},{"role":"user","parts":[{"text":"q"}]}]""",
            json.GetProperty("contents").GetRawText());
    }

    [Fact]
    public void A_later_instruction_is_refused_by_its_path()
    {
        var late = new Turn(Role.System, [new TextPart("a")], "messages[3]");

        Assert.Equal("messages[3]", Untranslatable(With(Question, late)).Path);
    }

    [Fact]
    public void Results_find_the_name_of_their_call_and_only_foreign_ids_are_told()
    {
        var json = GeminiSamples.WriteJson(With(
            Question,
            new Turn(Role.Assistant, [
                new ToolCallPart("toolu_1", "f", """{"a":1}"""), new ToolCallPart("call_gm_00ff_1", "g", "")]),
            new Turn(Role.User, [
                new ToolResultPart("toolu_1", [new TextPart("one"), new TextPart("two")], IsError: true),
                new ToolResultPart("call_gm_00ff_1", [
                    new TextPart("""{"k": 1}"""), new MediaPart("image/png", "AAAA", null)])])));

        Assert.Equal(
            """[{"functionCall":{"id":"toolu_1","name":"f","args":{"a":1}}},{"functionCall":{"name":"g","args":{}}}]""",
            json.GetProperty("contents")[1].GetProperty("parts").GetRawText());
        Assert.Equal(
            """[{"functionResponse":{"id":"toolu_1","name":"f","response":{"error":"one\ntwo"}}},"""
            + """{"functionResponse":{"name":"g","response":{"k": 1}"""
            + ""","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]""",
            json.GetProperty("contents")[2].GetProperty("parts").GetRawText());
    }

    [Theory]
    [InlineData("plain", """{"result":"plain"}""")]
    [InlineData("""{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"result":"x"}""", """{"result":"{\"result\":\"x\"}"}""")]
    [InlineData("""{"error":"x"}""", """{"result":"{\"error\":\"x\"}"}""")]
    [InlineData("""{"result":1}""", """{"result":1}""")]
    [InlineData("[1]", """{"result":"[1]"}""")]
    [InlineData("{broken", """{"result":"{broken"}""")]
    public void A_result_is_an_object_and_comes_back_as_it_was(string text, string response)
    {
        var request = With(
            Question,
            new Turn(Role.Assistant, [new ToolCallPart("c", "f", "{}")]),
            new Turn(Role.User, [new ToolResultPart("c", [new TextPart(text)])]));
        var result = (ToolResultPart)GeminiSamples.Read(GeminiSamples.Write(request)).Turns[2].Parts[0];

        Assert.Equal(response, GeminiSamples.WriteJson(request).GetProperty("contents")[2].GetProperty("parts")[0]
            .GetProperty("functionResponse").GetProperty("response").GetRawText());
        Assert.Equal((text, false), (((TextPart)result.Content[0]).Text, result.IsError));
    }

    [Fact]
    public void A_result_whose_call_is_unknown_and_arguments_that_are_no_object_are_refused_by_path()
    {
        var orphan = new ToolResultPart("c", []) { Path = "messages[1]" };
        var call = new ToolCallPart("c", "f", "[1]") { Path = "messages[2].tool_calls[0]" };

        Assert.Equal("messages[1]", Untranslatable(GeminiSamples.User(orphan)).Path);
        Assert.Equal(
            "messages[2].tool_calls[0]", Untranslatable(With(Question, new Turn(Role.Assistant, [call]))).Path);
    }

    [Theory]
    [InlineData("gemini-3-flash", "old=- now=skip_thought_signature_validator- next=c2ln-")]
    [InlineData("gemini-2.5-pro", "old=- now=-- next=c2ln-")]
    public void Gemini_3_gets_the_placeholder_on_the_first_call_of_a_step_of_the_current_turn_only(
        string model, string expected)
    {
        var answer = new Turn(Role.User, [new ToolResultPart("c", [], Name: "f")]);
        var json = GeminiSamples.WriteJson(
            With(
                Question,
                new Turn(Role.Assistant, [new ToolCallPart("c", "f", "")]), answer,
                Question,
                new Turn(Role.Assistant, [new ToolCallPart("c", "f", ""), new ToolCallPart("c", "f", "")]), answer,
                new Turn(Role.Assistant, [new ToolCallPart("c", "f", "", "c2ln"), new ToolCallPart("c", "f", "")]),
                answer),
            model).GetProperty("contents");
        string Signature(int content, int part) =>
            json[content].GetProperty("parts")[part].TryGetProperty("thoughtSignature", out var signature)
                ? signature.GetString()!
                : "-";

        Assert.Equal(
            expected,
            $"old={Signature(1, 0)} now={Signature(3, 0)}{Signature(3, 1)} next={Signature(5, 0)}{Signature(5, 1)}");
    }

    [Fact]
    public void Only_sealed_thoughts_that_can_be_Geminis_go_back()
    {
        var json = GeminiSamples.WriteJson(With(Question, new Turn(Role.Assistant, [
            new ReasoningPart("thought", "c2ln"), new ReasoningPart("", "gAAAAABk", Redacted: true),
            new ReasoningPart("", "not base64!", Redacted: true), new TextPart("t"),
            new ReasoningPart("", "AY89/+==", Redacted: true)])));

        Assert.Equal(
            """[{"text":"t"},{"text":"","thoughtSignature":"AY89/+=="}]""",
            json.GetProperty("contents")[1].GetProperty("parts").GetRawText());
    }

    [Fact]
    public void An_image_by_URL_is_a_file_with_the_type_of_its_extension()
    {
        var json = GeminiSamples.WriteJson(GeminiSamples.User(
            new MediaPart(null, null, "https://example.com/a.b/c.JPG?x=.png"),
            new MediaPart(null, null, "https://example.com/plain")));

        Assert.Equal(
            """[{"fileData":{"mimeType":"image/jpeg","fileUri":"https://example.com/a.b/c.JPG?x=.png"}},"""
            + """{"fileData":{"fileUri":"https://example.com/plain"}}]""",
            json.GetProperty("contents")[0].GetProperty("parts").GetRawText());
    }

    [Theory]
    [InlineData("gemini-2.5-flash", ReasoningEffort.Max, """{"thinkingBudget":24576}""")]
    [InlineData("gemini-2.5-pro", ReasoningEffort.Max, """{"thinkingBudget":32768}""")]
    [InlineData("gemini-2.5-pro", ReasoningEffort.Low, """{"thinkingBudget":1024}""")]
    [InlineData("gemini-3-pro", ReasoningEffort.Medium, """{"thinkingLevel":"MEDIUM"}""")]
    [InlineData("gemini-3-pro", ReasoningEffort.None, """{"thinkingBudget":0}""")]
    public void An_effort_is_a_level_for_Gemini_3_and_a_budget_before(string model, object effort, string expected)
    {
        var request = GeminiSamples.User(new TextPart("q")) with
        {
            Reasoning = new Reasoning((ReasoningEffort)effort),
        };

        Assert.Equal(expected, GeminiSamples.WriteJson(request, model)
            .GetProperty("generationConfig").GetProperty("thinkingConfig").GetRawText());
    }

    [Fact]
    public void What_Gemini_cannot_say_is_refused_by_field()
    {
        var request = GeminiSamples.User(new TextPart("q"));
        var tool = new Tool("f", null, default);

        Assert.Equal(ChatField.Temperature, Untranslatable(request with { Temperature = 2.5 }).Field);
        Assert.Equal(ChatField.Stop, Untranslatable(request with { Stop = ["1", "2", "3", "4", "5", "6"] }).Field);
        Assert.Equal(ChatField.Seed, Untranslatable(request with { Seed = 1L << 40 }).Field);
        Assert.Equal(
            ChatField.ParallelToolCalls,
            Untranslatable(request with { Tools = [tool], ParallelToolCalls = false }).Field);
        Assert.Equal(ChatField.Turns, Untranslatable(request with { Turns = [] }).Field);
        Assert.NotEqual("", GeminiSamples.Write(request with { ParallelToolCalls = false }));
        Assert.Contains("allowedFunctionNames", GeminiSamples.Write(request with
        {
            Tools = [tool],
            ParallelToolCalls = false,
            ToolChoice = new ToolChoice(ToolChoiceMode.Required, [tool.Name]),
        }));
    }

    [Fact]
    public void A_free_choice_among_some_tools_is_the_validated_mode()
    {
        using var schema = JsonDocument.Parse("""{"type":"object"}""");
        var json = GeminiSamples.WriteJson(GeminiSamples.User(new TextPart("q")) with
        {
            Tools = [new Tool("f", "d", schema.RootElement)],
            ToolChoice = new ToolChoice(ToolChoiceMode.Auto, ["f"]),
        });

        Assert.Equal(
            """{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f"]}}""",
            json.GetProperty("toolConfig").GetRawText());
        Assert.Equal(
            """[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object"}}]}]""",
            json.GetProperty("tools").GetRawText());
    }

    private static ChatRequest With(params Turn[] turns) => new() { Model = "m", Turns = turns };

    private static UntranslatableException Untranslatable(ChatRequest request) =>
        Assert.Throws<UntranslatableException>(() => GeminiSamples.Write(request));
}
