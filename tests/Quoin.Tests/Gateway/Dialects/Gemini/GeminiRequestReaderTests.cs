using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

public sealed class GeminiRequestReaderTests
{
    [Theory]
    [InlineData("""
        {"systemInstruction":{"parts":[{"text":"be kind"}]},"contents":[{"role":"user","parts":[{"text":"hi"},
        {"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"generationConfig":{"maxOutputTokens":40,
        "stopSequences":["X"],"topK":40.0,"responseMimeType":"application/json","thinkingConfig":{"thinkingBudget":99,
        "includeThoughts":true}},"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}
        """)]
    [InlineData("""
        {"system_instruction":{"parts":{"text":"be kind"}},"contents":{"parts":[{"text":"hi"},
        {"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},"generation_config":{"max_output_tokens":40,
        "stop_sequences":"X","top_k":40,"response_mime_type":"application/json","thinking_config":{"thinking_budget":99,
        "include_thoughts":true}},"tool_config":{"function_calling_config":{"mode":"ANY","allowed_function_names":"f"}},
        "cached_content":null}
        """)]
    public void Both_spellings_and_single_values_in_place_of_lists_are_read(string body)
    {
        var request = GeminiSamples.Read(body);

        Assert.Equal([Role.System, Role.User], request.Turns.Select(turn => turn.Role));
        Assert.Equal("be kind", Assert.IsType<TextPart>(request.Turns[0].Parts[0]).Text);
        Assert.Equal("AAAA", Assert.IsType<MediaPart>(request.Turns[1].Parts[1]).Data);
        Assert.Equal((40, 40), (request.MaxTokens, request.TopK));
        Assert.Equal("X", Assert.Single(request.Stop));
        Assert.False(request.Output!.HasSchema);
        Assert.Equal(new Reasoning(null, 99, true), request.Reasoning);
        Assert.Equal(ToolChoiceMode.Required, request.ToolChoice!.Mode);
        Assert.Equal("f", Assert.Single(request.ToolChoice.Allowed!));
    }

    [Theory]
    [InlineData("""{"contents":[],"foo":1}""", "contents")]
    [InlineData("""{"foo":1,"contents":{"parts":{"text":"x"}}}""", "foo")]
    [InlineData("""{"generationConfig":{}}""", "contents")]
    [InlineData("""{"contents":{},"cached_content":"cachedContents/1"}""", "cached_content")]
    [InlineData("""{"contents":{},"tools":[{"googleSearch":{}}]}""", "tools[0].googleSearch")]
    [InlineData("""{"contents":{},"tools":[{"codeExecution":{}}]}""", "tools[0].codeExecution")]
    [InlineData("""{"contents":{},"tools":[{"url_context":{}}]}""", "tools[0].url_context")]
    [InlineData("""{"contents":{},"generationConfig":{"candidateCount":2}}""", "generationConfig.candidateCount")]
    [InlineData("""{"contents":{},"generationConfig":{"topK":1.5}}""", "generationConfig.topK")]
    [InlineData("""{"contents":{},"generationConfig":{"temperature":"hot"}}""", "generationConfig.temperature")]
    [InlineData("""{"contents":{},"generationConfig":{"speechConfig":{}}}""", "generationConfig.speechConfig")]
    [InlineData(
        """{"contents":{},"generationConfig":{"responseModalities":["AUDIO"]}}""",
        "generationConfig.responseModalities[0]")]
    [InlineData(
        """{"contents":{},"generationConfig":{"responseMimeType":"text/x.enum"}}""",
        "generationConfig.responseMimeType")]
    [InlineData(
        """{"contents":{},"safetySettings":[{"category":"X","threshold":"BLOCK_LOW_AND_ABOVE"}]}""",
        "safetySettings[0].threshold")]
    [InlineData("""{"contents":[{"role":"system","parts":[]}]}""", "contents[0].role")]
    [InlineData(
        """{"contents":[{"parts":[{"text":"a"},{"executableCode":{}}]}]}""", "contents[0].parts[1].executableCode")]
    [InlineData("""{"contents":[{"parts":[{"text":"a","videoMetadata":{}}]}]}""", "contents[0].parts[0].videoMetadata")]
    [InlineData(
        """{"contents":{"parts":{"fileData":{"fileUri":"gs://bucket/a.png"}}}}""", "contents.parts.fileData.fileUri")]
    [InlineData(
        """{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}""",
        "contents[0].parts[0].functionResponse")]
    [InlineData("""{"contents":{},"system_instruction":{},"systemInstruction":{}}""", "systemInstruction")]
    public void What_cannot_be_translated_is_refused_by_its_own_path(string body, string path) =>
        Assert.Equal(path, GeminiSamples.Refused(body).Param);

    [Fact]
    public void Hints_and_default_values_are_accepted()
    {
        var request = GeminiSamples.Read("""
            {"model":"models/x","labels":{"a":"b"},"contents":{"parts":{"text":"x"}},
             "safetySettings":[{"category":"A","threshold":"BLOCK_NONE"},{"category":"B","threshold":"OFF"}],
             "generationConfig":{"candidateCount":1,"responseModalities":["TEXT"],"mediaResolution":"MEDIA_RESOLUTION_LOW",
             "responseLogprobs":false,"responseMimeType":"text/plain","audioTimestamp":false}}
            """);

        Assert.Null(request.Output);
        Assert.Null(request.TopLogProbs);
    }

    [Fact]
    public void Calls_and_results_without_ids_are_matched_by_name_and_order()
    {
        var request = GeminiSamples.Read("""
            {"contents":[{"parts":[{"text":"x"}]},
             {"role":"model","parts":[{"functionCall":{"id":"own","name":"f"}},
              {"functionCall":{"name":"f","args":{"n":1}}},{"functionCall":{"name":"g"}},
              {"functionCall":{"name":"f","args":{"n":2}}}]},
             {"role":"user","parts":[{"functionResponse":{"id":"own","name":"f","response":{"result":"0"}}},
              {"functionResponse":{"name":"f","response":{"result":"1"}}},
              {"functionResponse":{"name":"f","response":{"a":2}}},
              {"functionResponse":{"name":"g","response":{"error":"3"}}}]}]}
            """);
        var calls = request.Turns[1].Parts.Cast<ToolCallPart>().ToList();
        var results = request.Turns[2].Parts.Cast<ToolResultPart>().ToList();

        Assert.Equal(4, calls.Select(call => call.Id).Distinct().Count());
        Assert.All(calls, call => Assert.Matches("^[a-zA-Z0-9_]{1,40}$", call.Id));
        Assert.Equal(
            ["own", calls[1].Id, calls[3].Id, calls[2].Id], results.Select(result => result.CallId));
        Assert.Equal(["0", "1", """{"a":2}""", "3"], results.Select(r => ((TextPart)r.Content[0]).Text));
        Assert.Equal([false, false, false, true], results.Select(result => result.IsError));
        Assert.Equal("{}", calls[2].Arguments);
    }

    [Fact]
    public void Signatures_stay_with_calls_and_follow_texts_and_placeholders_are_none()
    {
        var request = GeminiSamples.Read("""
            {"contents":[{"parts":{"text":"x"}},{"role":"model","parts":[{"text":"t","thoughtSignature":"c2ln"},
             {"text":"think","thought":true},
             {"functionCall":{"name":"f"},"thought_signature":"Y2FsbA"},
             {"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"}]}]}
            """);
        var parts = request.Turns[1].Parts;

        Assert.Equal("t", Assert.IsType<TextPart>(parts[0]).Text);
        Assert.Equal(("", "c2ln", true), parts[1] is ReasoningPart r ? (r.Text, r.Signature, r.Redacted) : default);
        Assert.Equal("think", Assert.IsType<ReasoningPart>(parts[2]).Text);
        Assert.Equal("Y2FsbA", Assert.IsType<ToolCallPart>(parts[3]).Signature);
        Assert.Null(Assert.IsType<ToolCallPart>(parts[4]).Signature);
    }

    [Fact]
    public void Schemas_of_OpenAPI_become_JSON_Schema()
    {
        var request = GeminiSamples.Read("""
            {"contents":{},"tools":{"function_declarations":{"name":"f","parameters":{"type":"OBJECT","nullable":false,
             "properties":{"b":{"type":"STRING","nullable":true,"enum":["x"],"format":"enum","example":"x"},
              "a":{"type":"ARRAY","minItems":"2","items":{"type":"INTEGER","format":"int32"}},
              "type":{"anyOf":[{"type":"NUMBER"},{"type":"BOOLEAN"}],"nullable":true}},
             "required":["a"],"propertyOrdering":["a","b"]}}}}
            """);

        Assert.Equal(
            """{"type":"object","properties":{"a":{"type":"array","minItems":2,"items":{"type":"integer"}}"""
            + ""","b":{"type":["string","null"],"enum":["x",null],"examples":["x"]}"""
            + ""","type":{"anyOf":[{"type":"number"},{"type":"boolean"},{"type":"null"}]}},"required":["a"]}""",
            request.Tools[0].Parameters.GetRawText());
    }

    [Fact]
    public void A_JSON_Schema_passes_as_it_is()
    {
        var request = GeminiSamples.Read("""
            {"contents":{},"generationConfig":{"responseMimeType":"application/json",
             "responseJsonSchema":{"type":["string","null"],"x-y":1}}}
            """);

        Assert.Equal("""{"type":["string","null"],"x-y":1}""", request.Output!.Schema.GetRawText());
        Assert.Equal(JsonValueKind.Object, request.Output.Schema.ValueKind);
    }

    [Theory]
    [InlineData("""{"thinkingBudget":0}""", ReasoningEffort.None)]
    [InlineData("""{"thinkingLevel":"low"}""", ReasoningEffort.Low)]
    [InlineData("""{"thinkingLevel":"HIGH"}""", ReasoningEffort.High)]
    [InlineData("""{"thinkingBudget":-1}""", null)]
    public void Thinking_is_an_effort_or_left_to_the_model(string config, object? effort)
    {
        var request = GeminiSamples.Read(
            $$$"""{"contents":{},"generationConfig":{"thinkingConfig":{{{config}}}}}""");

        Assert.Equal(new Reasoning((ReasoningEffort?)effort), request.Reasoning);
    }
}
