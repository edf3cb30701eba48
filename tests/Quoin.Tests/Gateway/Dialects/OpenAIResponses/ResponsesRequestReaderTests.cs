using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

public sealed class ResponsesRequestReaderTests
{
    [Fact]
    public void A_string_and_instructions_are_two_turns()
    {
        var request = ResponsesSamples.Read("""{"model":"m","input":"Hi","instructions":"Be brief"}""");
        Assert.Equal([Role.System, Role.User], request.Turns.Select(turn => turn.Role));
        Assert.Equal("instructions", request.Turns[0].Path);
        Assert.Equal("Hi", Assert.IsType<TextPart>(Assert.Single(request.Turns[1].Parts)).Text);
    }

    [Fact]
    public void Items_of_the_assistant_are_one_turn_and_results_another()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":[
              {"role":"developer","content":"Rules"},
              {"role":"user","content":[{"type":"input_text","text":"Weather?"}]},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},
                {"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"},
              {"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[
                {"type":"output_text","text":"Wait","annotations":[],"logprobs":[],"parsed":null}]},
              {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}","status":"completed",
                "parsed_arguments":{}},
              {"type":"function_call","call_id":"c2","name":"g","arguments":""},
              {"type":"function_call_output","call_id":"c1","output":"sun"},
              {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"rain"}]},
              {"role":"user","content":"And?"}]}
            """);
        Assert.Equal(
            [Role.System, Role.User, Role.Assistant, Role.User, Role.User], request.Turns.Select(turn => turn.Role));
        var answer = request.Turns[2];
        Assert.Equal("input[2]", answer.Path);
        var thought = Assert.IsType<ReasoningPart>(answer.Parts[0]);
        Assert.Equal(("a\n\nb", "openai:rs_1:gAAA", false), (thought.Text, thought.Signature, thought.Redacted));
        Assert.Equal("Wait", Assert.IsType<TextPart>(answer.Parts[1]).Text);
        Assert.Equal("input[3].content[0]", answer.Parts[1].Path);
        Assert.Equal(["c1", "c2"], answer.Parts.OfType<ToolCallPart>().Select(call => call.Id));
        Assert.Equal(["c1", "c2"], request.Turns[3].Parts.OfType<ToolResultPart>().Select(result => result.CallId));
    }

    [Fact]
    public void Each_step_of_a_tool_loop_has_its_own_turns()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":[{"role":"user","content":"Go"},
              {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
              {"type":"function_call_output","call_id":"c1","output":"1"},
              {"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
              {"type":"function_call_output","call_id":"c2","output":"2"}]}
            """);
        Assert.Equal(
            [Role.User, Role.Assistant, Role.User, Role.Assistant, Role.User], request.Turns.Select(turn => turn.Role));
        Assert.Equal("c2", Assert.IsType<ToolResultPart>(Assert.Single(request.Turns[4].Parts)).CallId);
    }

    [Fact]
    public void Hints_and_defaults_are_accepted()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":"x","store":true,"metadata":{"a":"b"},"service_tier":"auto","prompt_cache_key":"k",
            "prompt_cache_retention":"24h","safety_identifier":"u1","max_tool_calls":3,"background":false,
            "truncation":"disabled","previous_response_id":null,"conversation":null,"prompt":null,
            "include":["reasoning.encrypted_content"],"stream":true,"stream_options":{"include_obfuscation":false},
            "text":{"format":{"type":"text"},"verbosity":"medium"},"top_logprobs":0,"reasoning":{},
            "tool_choice":"auto","tools":[],"parallel_tool_calls":true,"temperature":1,"top_p":1}
            """);
        Assert.Equal("u1", request.EndUser);
        Assert.Null(request.TopLogProbs);
        Assert.Null(request.Reasoning);
        Assert.Null(request.Output);
    }

    [Fact]
    public void Settings_are_read()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":"x","max_output_tokens":99,"temperature":0.5,"top_p":0.25,"top_logprobs":3,
            "include":["message.output_text.logprobs"],"reasoning":{"effort":"high","summary":"detailed"},
            "parallel_tool_calls":false,"text":{"format":{"type":"json_schema","name":"n","strict":true,
            "schema":{"type":"object"}}},"tools":[{"type":"function","name":"f","description":"d",
            "parameters":{"type":"object"},"strict":true}],"tool_choice":{"type":"allowed_tools","mode":"auto",
            "tools":[{"type":"function","name":"f"}]}}
            """);
        Assert.Equal((99, 0.5, 0.25, 3), (request.MaxTokens, request.Temperature, request.TopP, request.TopLogProbs));
        Assert.Equal(new Reasoning(ReasoningEffort.High, null, true), request.Reasoning);
        Assert.False(request.ParallelToolCalls);
        Assert.Equal(("n", true), (request.Output!.Name, request.Output.Strict));
        var tool = Assert.Single(request.Tools);
        Assert.Equal(("f", "d", true, "tools[0]"), (tool.Name, tool.Description, tool.Strict, tool.Path));
        Assert.Equal(ToolChoiceMode.Auto, request.ToolChoice!.Mode);
        Assert.Equal(["f"], request.ToolChoice.Allowed!);
    }

    [Theory]
    [InlineData("\"previous_response_id\":\"resp_1\"", "previous_response_id")]
    [InlineData("\"conversation\":\"conv_1\"", "conversation")]
    [InlineData("\"prompt\":{\"id\":\"p\"}", "prompt")]
    [InlineData("\"background\":true", "background")]
    [InlineData("\"truncation\":\"auto\"", "truncation")]
    [InlineData("\"context_management\":[{\"type\":\"compaction\"}]", "context_management")]
    [InlineData("\"stop\":[\"x\"]", "stop")]
    [InlineData("\"top_k\":1", "top_k")]
    [InlineData("\"text\":{\"verbosity\":\"low\"}", "text.verbosity")]
    [InlineData("\"text\":{\"format\":{\"type\":\"grammar\"}}", "text.format.type")]
    [InlineData("\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\"}}", "text.format.schema")]
    [InlineData("\"reasoning\":{\"effort\":\"much\"}", "reasoning.effort")]
    [InlineData("\"reasoning\":{\"depth\":1}", "reasoning.depth")]
    [InlineData("\"include\":[\"reasoning.encrypted_content\",\"x\"]", "include[1]")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"custom\",\"name\":\"c\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"defer_loading\":true}]", "tools[0].defer_loading")]
    [InlineData("\"tool_choice\":{\"type\":\"web_search_preview\"}", "tool_choice.type")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "stream_options.include_usage")]
    [InlineData("\"temperature\":2.5", "temperature")]
    [InlineData("\"max_output_tokens\":0", "max_output_tokens")]
    [InlineData("\"instructions\":\"a\",\"instructions\":\"b\"", "instructions")]
    public void What_cannot_be_translated_is_refused_by_name(string field, string param)
    {
        var error = ResponsesSamples.Refused($$"""{"model":"m","input":"x",{{field}}}""");
        Assert.Equal(400, error.Status);
        Assert.Equal(param, error.Param);
    }

    [Theory]
    [InlineData("""{"type":"item_reference","id":"msg_1"}""", "type", "store option is false")]
    [InlineData("""{"type":"custom_tool_call","call_id":"c","name":"n","input":"i"}""", "type", "must be one of")]
    [InlineData("""{"type":"web_search_call","id":"w"}""", "type", "must be one of")]
    [InlineData("""{"role":"tool","content":"x"}""", "role", "must be one of")]
    [InlineData("""{"role":"user"}""", "content", "missing")]
    [InlineData("""{"role":"user","content":"x","name":"n"}""", "name", "not a field")]
    [InlineData("""{"role":"user","content":[{"type":"input_audio"}]}""", "content[0].type", "must be one of")]
    [InlineData(
        """{"role":"user","content":[{"type":"input_image","file_id":"f"}]}""", "content[0].file_id", "image_url")]
    [InlineData(
        """{"role":"user","content":[{"type":"input_file","file_data":"abc"}]}""", "content[0].file_data", "data URL")]
    [InlineData("""{"type":"function_call","name":"f","arguments":"{}"}""", "call_id", "missing")]
    [InlineData(
        """{"type":"function_call","call_id":"c","name":"f","arguments":"","caller":{"type":"program"}}""",
        "caller",
        "direct")]
    public void An_item_that_cannot_be_translated_is_refused_by_its_place(string item, string param, string reason)
    {
        var error = ResponsesSamples.Refused($$"""{"model":"m","input":[{"role":"user","content":"a"},{{item}}]}""");
        Assert.Equal("input[1]." + param, error.Param);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Input_is_demanded() => Assert.Equal("input", ResponsesSamples.Refused("""{"model":"m"}""").Param);

    [Fact]
    public void Signatures_of_other_providers_come_back_as_they_were()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":[
              {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"quoin-signed:abc"},
              {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"quoin-redacted:def"},
              {"type":"function_call","call_id":"c:1","name":"f","arguments":"{}"},
              {"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"quoin-call:c%3A1:ghi"},
              {"role":"user","content":"x"}]}
            """);
        var parts = request.Turns[0].Parts;
        Assert.Equal(3, parts.Count);
        Assert.Equal(new ReasoningPart("", "abc") { Path = "input[0]" }, parts[0]);
        Assert.Equal(new ReasoningPart("", "def", Redacted: true) { Path = "input[1]" }, parts[1]);
        Assert.Equal("ghi", Assert.IsType<ToolCallPart>(parts[2]).Signature);
    }
}
