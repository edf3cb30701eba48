using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicRequestWriterTests
{
    private static readonly Tool F = new("f", null, default, Path: "tools[0]");
    private static readonly Tool G = new("g", null, default, Path: "tools[1]");

    [Fact]
    public void Fields_that_have_no_word_are_refused()
    {
        var request = AnthropicText.Ask();
        (ChatField Field, ChatRequest Request)[] cases =
        [
            (ChatField.FrequencyPenalty, request with { FrequencyPenalty = 0.5 }),
            (ChatField.PresencePenalty, request with { PresencePenalty = -1 }),
            (ChatField.Seed, request with { Seed = 0 }),
            (ChatField.LogProbs, request with { TopLogProbs = 0 }),
            (ChatField.Temperature, request with { Temperature = 1.01 }),
            (ChatField.Stop, request with { Stop = ["ok", "\n"] }),
            (ChatField.OutputFormat, request with { Output = new OutputFormat(default) }),
            (ChatField.ToolChoice, request with { ToolChoice = new ToolChoice(ToolChoiceMode.Required) }),
            (ChatField.Turns, request with { Turns = [new Turn(Role.System, [new TextPart("only")])] }),
        ];
        foreach (var (field, refused) in cases)
        {
            Assert.Equal(field, AnthropicText.Refused(refused).Field);
        }
    }

    [Fact]
    public void Zero_penalties_are_the_default_and_pass() => Assert.Equal(
        AnthropicText.Write(AnthropicText.Ask()).ToJsonString(),
        AnthropicText.Write(AnthropicText.Ask() with { FrequencyPenalty = 0, PresencePenalty = 0 }).ToJsonString());

    [Fact]
    public void A_default_limit_is_sent_where_the_client_gave_none() =>
        Assert.Equal(4096, (int)AnthropicText.Write(AnthropicText.Ask())["max_tokens"]!);

    [Fact]
    public void Choices_among_tools_are_all_one_or_none()
    {
        var request = AnthropicText.Ask() with { Tools = [F, G] };

        Assert.Equal("""{"type":"any"}""", Choice(new ToolChoice(ToolChoiceMode.Required)));
        Assert.Equal("""{"type":"any"}""", Choice(new ToolChoice(ToolChoiceMode.Required, ["g", "f"])));
        Assert.Equal("""{"type":"tool","name":"g"}""", Choice(new ToolChoice(ToolChoiceMode.Required, ["g"])));
        Assert.Equal("""{"type":"none"}""", Choice(new ToolChoice(ToolChoiceMode.None)));
        Assert.Equal(
            ChatField.ToolChoice,
            AnthropicText.Refused(request with { ToolChoice = new ToolChoice(ToolChoiceMode.Auto, ["f"]) }).Field);

        string Choice(ToolChoice choice) =>
            AnthropicText.Write(request with { ToolChoice = choice })["tool_choice"]!.ToJsonString();
    }

    [Fact]
    public void One_call_at_a_time_is_said_with_the_choice()
    {
        var request = AnthropicText.Ask() with { Tools = [F], ParallelToolCalls = false };

        Assert.Equal(
            """{"type":"auto","disable_parallel_tool_use":true}""",
            AnthropicText.Write(request)["tool_choice"]!.ToJsonString());
        Assert.Null(AnthropicText.Write(request with { Tools = [] })["tool_choice"]);
    }

    [Fact]
    public void A_tool_without_a_schema_takes_no_arguments() => Assert.Equal(
        """{"type":"object","properties":{}}""",
        AnthropicText.Write(AnthropicText.Ask() with { Tools = [F] })["tools"]![0]!["input_schema"]!.ToJsonString());

    [Fact]
    public void A_tool_name_that_is_not_taken_is_refused_by_its_place() => Assert.Equal(
        "tools[0]",
        AnthropicText.Refused(AnthropicText.Ask() with { Tools = [F with { Name = "a.b" }] }).Path);

    [Fact]
    public void Tool_results_come_first_and_turns_of_one_role_are_one_message()
    {
        var request = AnthropicText.Ask() with
        {
            Turns =
            [
                new Turn(Role.Assistant, [new ToolCallPart("a", "f", ""), new ToolCallPart("b", "f", "{}")]),
                new Turn(Role.User, [new ToolResultPart("a", [new TextPart("1")])]),
                new Turn(Role.User, [new TextPart("and"), new ToolResultPart("b", [], IsError: true)]),
            ],
        };
        var messages = AnthropicText.Write(request)["messages"]!.AsArray();

        Assert.Equal(2, messages.Count);
        Assert.Equal(
            """
            [{"type":"tool_result","tool_use_id":"a","content":"1"},
            {"type":"tool_result","tool_use_id":"b","is_error":true},{"type":"text","text":"and"}]
            """.ReplaceLineEndings(""),
            messages[1]!["content"]!.ToJsonString());
    }

    [Fact]
    public void Ids_of_other_letters_stay_apart_and_together()
    {
        var request = AnthropicText.Ask() with
        {
            Turns =
            [
                new Turn(Role.Assistant, [new ToolCallPart("a.b", "f", ""), new ToolCallPart("a_002eb", "f", "")]),
                new Turn(Role.User, [new ToolResultPart("a.b", []), new ToolResultPart("a_002eb", [])]),
            ],
        };
        var messages = AnthropicText.Write(request)["messages"]!;

        Assert.Equal("a_002eb_", (string?)messages[0]!["content"]![0]!["id"]);
        Assert.Equal("a_002eb", (string?)messages[0]!["content"]![1]!["id"]);
        Assert.Equal("a_002eb_", (string?)messages[1]!["content"]![0]!["tool_use_id"]);
        Assert.Equal("a_002eb", (string?)messages[1]!["content"]![1]!["tool_use_id"]);
    }

    [Fact]
    public void Thoughts_without_a_signature_and_signatures_of_calls_are_left_out()
    {
        var request = AnthropicText.Ask() with
        {
            Turns =
            [
                new Turn(Role.User, [new TextPart("q")]),
                new Turn(Role.Assistant, [new ReasoningPart("hm"), new ToolCallPart("a", "f", "{}", "gemini")]),
                new Turn(Role.User, [new ToolResultPart("a", [new TextPart("1")])]),
                new Turn(Role.Assistant, [new ReasoningPart("only thoughts")]),
                new Turn(Role.User, [new TextPart("q")]),
            ],
        };
        var written = AnthropicText.Write(request)["messages"]!.ToJsonString();

        Assert.DoesNotContain("thinking", written);
        Assert.DoesNotContain("gemini", written);
        Assert.Equal(3, AnthropicText.Write(request)["messages"]!.AsArray().Count);
    }

    [Fact]
    public void Parts_without_a_place_are_refused_where_they_stand()
    {
        Part[] parts =
        [
            new MediaPart("audio/wav", "AA==", null) { Path = "here" },
            new MediaPart("image/tiff", "AA==", null) { Path = "here" },
            new MediaPart("image/png", null, "gs://bucket/a") { Path = "here" },
            new MediaPart("video/mp4", null, "https://example.com/a") { Path = "here" },
            new MediaPart("text/plain", "not base64", null) { Path = "here" },
            new ToolCallPart("a", "f", "[1]") { Path = "here" },
            new ToolCallPart("a", "f", "{\"cut") { Path = "here" },
            new ToolResultPart("", []) { Path = "here" },
        ];
        foreach (var part in parts)
        {
            var refused = AnthropicText.Refused(AnthropicText.Ask(part));
            Assert.Equal("here", refused.Path);
            Assert.Equal(ChatField.Turns, refused.Field);
        }
    }

    [Fact]
    public void An_instruction_in_the_middle_is_refused_where_it_stands()
    {
        var request = AnthropicText.Ask() with
        {
            Turns =
            [
                new Turn(Role.User, [new TextPart("q")]),
                new Turn(Role.System, [new TextPart("s")], "messages[1]"),
                new Turn(Role.User, [new TextPart("q")]),
            ],
        };

        Assert.Equal("messages[1]", AnthropicText.Refused(request).Path);
    }

    [Fact]
    public void A_formats_description_goes_into_its_schema()
    {
        using var schema = JsonDocument.Parse("""{"type":"object"}""");
        var output = new OutputFormat(schema.RootElement, "name", "what it is");

        Assert.Equal(
            """{"format":{"type":"json_schema","schema":{"description":"what it is","type":"object"}}}""",
            AnthropicText.Write(AnthropicText.Ask() with { Output = output })["output_config"]!.ToJsonString());
    }

    [Theory]
    [InlineData("claude-sonnet-4-5-20250929", """{"type":"enabled","budget_tokens":8192}""", null, 12288)]
    [InlineData("claude-3-7-sonnet-latest", """{"type":"enabled","budget_tokens":8192}""", null, 12288)]
    [InlineData("claude-opus-4-7", """{"type":"adaptive"}""", "medium", 4096)]
    [InlineData("claude-fable-5", """{"type":"adaptive"}""", "medium", 4096)]
    [InlineData("house-model", """{"type":"adaptive"}""", "medium", 4096)]
    public void An_effort_is_said_as_the_model_takes_it(string model, string thinking, string? effort, int maxTokens)
    {
        var request = AnthropicText.Ask() with { Reasoning = new Reasoning(ReasoningEffort.Medium) };
        var written = AnthropicText.Write(request, model);

        Assert.Equal(thinking, written["thinking"]!.ToJsonString());
        Assert.Equal(effort, (string?)written["output_config"]?["effort"]);
        Assert.Equal(maxTokens, (int)written["max_tokens"]!);
    }

    [Theory]
    [InlineData("claude-opus-4-6", """{"type":"enabled","budget_tokens":20000,"display":"summarized"}""", null)]
    [InlineData("claude-opus-4-20250514", """{"type":"enabled","budget_tokens":20000,"display":"summarized"}""", null)]
    [InlineData("claude-sonnet-5", """{"type":"adaptive","display":"summarized"}""", "high")]
    public void A_budget_is_said_as_the_model_takes_it(string model, string thinking, string? effort)
    {
        var request = AnthropicText.Ask() with { Reasoning = new Reasoning(null, 20000, true) };
        var written = AnthropicText.Write(request, model);

        Assert.Equal(thinking, written["thinking"]!.ToJsonString());
        Assert.Equal(effort, (string?)written["output_config"]?["effort"]);
    }

    [Fact]
    public void A_budget_must_fit()
    {
        var request = AnthropicText.Ask();

        Assert.Equal(ChatField.Reasoning, AnthropicText.Refused(request with
        {
            MaxTokens = 2048,
            Reasoning = new Reasoning(null, 2048),
        }).Field);
        Assert.Equal(
            ChatField.Reasoning,
            AnthropicText.Refused(request with { Reasoning = new Reasoning(null, 1023) }).Field);
        Assert.Equal(
            """{"type":"disabled"}""",
            AnthropicText.Write(request with { Reasoning = new Reasoning(ReasoningEffort.None) })["thinking"]!
                .ToJsonString());
    }

    [Theory]
    [InlineData("claude-sonnet-4-5", null, false)]
    [InlineData("claude-sonnet-4-5", "c2ln", true)]
    [InlineData("claude-opus-4-7", null, true)]
    public void A_budget_is_not_asked_for_in_a_run_of_calls_that_starts_without_a_thought(
        string model, string? signature, bool thinks)
    {
        var request = new ChatRequest
        {
            Model = "m",
            Reasoning = new Reasoning(ReasoningEffort.Low),
            Tools = [new Tool("f", null, default)],
            Turns =
            [
                new Turn(Role.User, [new TextPart("hi")]),
                new Turn(Role.Assistant, [new ReasoningPart("so", signature), new ToolCallPart("c1", "f", "{}")]),
                new Turn(Role.User, [new ToolResultPart("c1", [new TextPart("1")])]),
                new Turn(Role.Assistant, [new ToolCallPart("c2", "f", "{}")]),
                new Turn(Role.User, [new ToolResultPart("c2", [new TextPart("2")])]),
            ],
        };
        var over = request with { Turns = [.. request.Turns, new Turn(Role.User, [new TextPart("go on")])] };
        var newTurn = request with
        {
            Turns =
            [
                .. request.Turns,
                new Turn(Role.Assistant, [new TextPart("done")]),
                new Turn(Role.User, [new TextPart("more")]),
            ],
        };

        Assert.Equal(thinks, AnthropicText.Write(request, model)["thinking"] is not null);
        Assert.Equal(thinks, AnthropicText.Write(over, model)["thinking"] is not null);
        Assert.NotNull(AnthropicText.Write(newTurn, model)["thinking"]);
    }
}
