using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicRequestReaderTests
{
    [Theory]
    [InlineData("\"mcp_servers\":[]", "mcp_servers")]
    [InlineData("\"container\":\"c\"", "container")]
    [InlineData("\"context_management\":{}", "context_management")]
    [InlineData("\"inference_geo\":\"us\"", "inference_geo")]
    [InlineData("\"frequency_penalty\":1", "frequency_penalty")]
    [InlineData("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"name\":\"f\"}]", "tools[0].input_schema")]
    [InlineData("\"tools\":[{\"name\":\"f\",\"input_schema\":{},\"defer_loading\":true}]", "tools[0].defer_loading")]
    [InlineData("\"tool_choice\":{\"type\":\"tool\"}", "tool_choice.name")]
    [InlineData("\"tool_choice\":{\"type\":\"some\"}", "tool_choice.type")]
    [InlineData("\"temperature\":1.5", "temperature")]
    [InlineData("\"temperature\":\"hot\"", "temperature")]
    [InlineData("\"top_k\":-1", "top_k")]
    [InlineData("\"stop_sequences\":[1]", "stop_sequences[0]")]
    [InlineData("\"metadata\":{\"team\":\"x\"}", "metadata.team")]
    [InlineData("\"thinking\":{\"type\":\"enabled\"}", "thinking.budget_tokens")]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1000}", "thinking.budget_tokens")]
    [InlineData("\"thinking\":{\"type\":\"deep\"}", "thinking.type")]
    [InlineData("\"output_config\":{\"effort\":\"huge\"}", "output_config.effort")]
    [InlineData("\"output_config\":{\"task_budget\":{}}", "output_config.task_budget")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"json_schema\"}}", "output_config.format.schema")]
    [InlineData("\"thinking\":{\"type\":\"disabled\"},\"output_config\":{\"effort\":\"low\"}", "output_config.effort")]
    [InlineData("\"model\":\"again\"", "model")]
    [InlineData("\"tool_choice\":{\"type\":\"auto\",\"type\":\"any\"}", "tool_choice.type")]
    [InlineData("\"system\":[{\"type\":\"image\"}]", "system[0]")]
    public void What_cannot_be_translated_is_refused_by_its_name(string fields, string param)
    {
        var error = AnthropicText.Refused(() => AnthropicText.ReadWith(fields));

        Assert.Equal(400, error.Status);
        Assert.Equal(param, error.Param);
        Assert.StartsWith(param, error.Message);
    }

    [Theory]
    [InlineData("""[{"role":"user","content":[{"type":"search_result","source":"s"}]}]""", "messages[0].content[0]")]
    [InlineData("""[{"role":"assistant","content":[{"type":"server_tool_use","id":"x"}]}]""", "messages[0].content[0]")]
    [InlineData("""[{"role":"user","content":[{"type":"thinking","thinking":""}]}]""", "messages[0].content[0]")]
    [InlineData("""[{"role":"user","content":[{"text":"x"}]}]""", "messages[0].content[0].type")]
    [InlineData("""[{"role":"user","content":[{"type":"text"}]}]""", "messages[0].content[0].text")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"x","s":1}]}]""", "messages[0].content[0].s")]
    [InlineData("""[{"role":"user","content":5}]""", "messages[0].content")]
    [InlineData("""[{"role":"user"}]""", "messages[0].content")]
    [InlineData("""[{"role":"tool","content":"x"}]""", "messages[0].role")]
    [InlineData("""[{"role":"user","content":"x","name":"n"}]""", "messages[0].name")]
    [InlineData("[]", "messages")]
    [InlineData(
        """[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]""",
        "messages[0].content[0].source.file_id")]
    [InlineData(
        """
        [{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x"},
        "citations":{"enabled":true}}]}]
        """,
        "messages[0].content[0].citations")]
    [InlineData(
        """[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":[]}]}]""",
        "messages[0].content[0].input")]
    [InlineData(
        """[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"tool_use"}]}]}]""",
        "messages[0].content[0].content[0]")]
    public void Messages_that_cannot_be_translated_are_refused_by_their_place(string messages, string param) =>
        Assert.Equal(param, AnthropicText.Refused(() => AnthropicText.ReadMessages(messages)).Param);

    [Theory]
    [InlineData("model", """{"max_tokens":1,"messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("max_tokens", """{"model":"m","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("messages", """{"model":"m","max_tokens":1}""")]
    public void What_the_api_demands_must_be_there(string param, string body) =>
        Assert.Equal(param, AnthropicText.Refused(() => AnthropicText.Read(body)).Param);

    [Fact]
    public void Half_a_surrogate_pair_is_a_client_error() => Assert.Equal(
        GatewayErrorKind.InvalidRequest,
        AnthropicText.Refused(() => AnthropicText.ReadMessages("""[{"role":"user","content":"\ud83d"}]""")).Kind);

    [Fact]
    public void Hints_and_nulls_are_accepted()
    {
        var request = AnthropicText.ReadWith(
            """
            "cache_control":{"type":"ephemeral"},"service_tier":"auto","temperature":null,"top_p":null,"top_k":null,
            "stop_sequences":null,"metadata":null,"tools":null,"tool_choice":null,"thinking":null,"output_config":null,
            "output_format":null,"stream":null,
            "system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"},"citations":null}]
            """);

        Assert.Null(request.Temperature);
        Assert.Null(request.Reasoning);
        Assert.Null(request.Output);
        Assert.False(request.Stream);
        Assert.Equal(Role.System, request.Turns[0].Role);
    }

    [Theory]
    [InlineData("auto", ToolChoiceMode.Auto, null)]
    [InlineData("any", ToolChoiceMode.Required, null)]
    [InlineData("none", ToolChoiceMode.None, null)]
    [InlineData("tool\",\"name\":\"f", ToolChoiceMode.Required, "f")]
    public void Tool_choices_are_read(string type, object mode, string? name)
    {
        var choice = AnthropicText.ReadWith("\"tool_choice\":{\"type\":\"" + type + "\"}").ToolChoice!;

        Assert.Equal(mode, choice.Mode);
        Assert.Equal(name is null ? null : [name], choice.Allowed);
    }

    [Fact]
    public void Disabled_parallel_tool_use_is_read() => Assert.False(AnthropicText.ReadWith(
        "\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}").ParallelToolCalls);

    [Fact]
    public void Thinking_and_effort_make_one_wish_in_any_order()
    {
        var reasoning = AnthropicText.ReadWith(
            """
            "output_config":{"effort":"xhigh"},"thinking":{"type":"adaptive","display":"omitted"}
            """).Reasoning;

        Assert.Equal(new Reasoning(ReasoningEffort.Max, null, false), reasoning);
        Assert.Equal(
            new Reasoning(null, 2048),
            AnthropicText.ReadWith("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}").Reasoning);
        Assert.Equal(
            new Reasoning(ReasoningEffort.None),
            AnthropicText.ReadWith("\"thinking\":{\"type\":\"disabled\"}").Reasoning);
    }

    [Theory]
    [InlineData("\"output_format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}")]
    [InlineData("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}}")]
    public void Both_spellings_of_structured_output_are_read(string fields)
    {
        var output = AnthropicText.ReadWith(fields).Output!;

        Assert.Equal("""{"type":"object"}""", output.Schema.GetRawText());
    }

    [Fact]
    public void Parts_know_where_the_client_wrote_them()
    {
        var request = AnthropicText.ReadMessages(
            """
            [{"role":"user","content":"a"},
             {"role":"assistant","content":[{"type":"text","text":"b"},
               {"type":"tool_use","id":"t","name":"f","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,
               "content":[{"type":"text","text":"c"}]}]}]
            """);
        var result = Assert.IsType<ToolResultPart>(request.Turns[2].Parts[0]);

        Assert.Equal("messages[0].content", request.Turns[0].Parts[0].Path);
        Assert.Equal("messages[1].content[1]", request.Turns[1].Parts[1].Path);
        Assert.Equal("messages[2].content[0].content[0]", result.Content[0].Path);
        Assert.True(result.IsError);
    }

    [Fact]
    public void A_plain_text_document_becomes_base64_with_its_title()
    {
        var request = AnthropicText.ReadMessages(
            """
            [{"role":"user","content":[{"type":"document","title":"notes.txt",
              "source":{"type":"text","media_type":"text/plain","data":"grüße"}}]}]
            """);
        var media = Assert.IsType<MediaPart>(request.Turns[0].Parts[0]);

        Assert.Equal("text/plain", media.MediaType);
        Assert.Equal("notes.txt", media.FileName);
        Assert.Equal("grüße", Encoding.UTF8.GetString(Convert.FromBase64String(media.Data!)));
    }

    [Fact]
    public void Broken_json_is_told_as_such() =>
        Assert.ThrowsAny<JsonException>(() => AnthropicText.Read("{\"model\":"));
}
