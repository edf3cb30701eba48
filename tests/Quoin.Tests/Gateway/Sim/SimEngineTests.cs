using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Gateway.Sim;

public sealed class SimEngineTests
{
    private const string Weather =
        """
        ,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object",
        "properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":3}},
        "required":["city","days"]}}},{"type":"function","function":{"name":"get_time"}}]
        """;

    [Fact]
    public void Same_seed_and_request_give_the_same_answer_and_others_another()
    {
        var text = Field("text", SimCaller.Ask("Hello"));
        Assert.Equal(text, Field("text", SimCaller.Ask("Hello")));
        Assert.NotEqual(text, Field("text", SimCaller.Ask("Hallo")));
        Assert.NotEqual(text, Field("text", SimCaller.Ask("Hello"), new SimOptions { Seed = 2 }));
        Assert.Equal(40, SimTokens.Count(text));
    }

    [Fact]
    public void A_stream_says_what_the_whole_answer_says_one_token_an_event()
    {
        var whole = Field("text", SimCaller.Ask("Hello"));
        var deltas = SimCaller.Deltas(SimCaller.Text(new SimCaller().Send(
            SimCaller.Ask("Hello", ",\"stream\":true"))));
        Assert.Equal(40, deltas.Count);
        Assert.Equal(whole, string.Concat(deltas));
    }

    [Fact]
    public void Number_of_tokens_is_set_by_the_options() =>
        Assert.Equal(7, new SimCaller(options: new SimOptions { Tokens = 7 })
            .Json(SimCaller.Ask("Hello")).GetProperty("output").GetInt32());

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"echo: héllo wörld"}]}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"echo: héllo wörld"}""")]
    [InlineData(
        "/v1/responses",
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"echo: héllo wörld"}]}]}""")]
    [InlineData(
        "/v1/messages",
        """{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"echo: héllo wörld"}]}""")]
    [InlineData(
        "/v1beta/models/m:generateContent",
        """{"contents":[{"role":"user","parts":[{"text":"echo: h\u00e9llo w\u00f6rld"}]}]}""")]
    [InlineData(
        "/openai/deployments/m/chat/completions?api-version=1",
        """{"messages":[{"role":"user","content":[{"type":"text","text":"echo: héllo wörld"}]}]}""")]
    public void Echo_is_answered_in_every_shape(string path, string body)
    {
        var answer = new SimCaller().Json(body, path);
        Assert.Equal("héllo wörld", answer.GetProperty("text").GetString());
        Assert.Equal(2, answer.GetProperty("output").GetInt32());

        // A turn, and the tokens of "echo:", " héllo" and " wörld".
        Assert.Equal(3 + 3, answer.GetProperty("input").GetInt32());
    }

    [Fact]
    public void Fields_nobody_knows_do_not_matter() => Assert.Equal(
        "hi", Field("text", SimCaller.Ask("echo: hi", ",\"n\":1,\"new_field\":{\"x\":[1]},\"temperature\":\"hot\"")));

    [Fact]
    public void Token_limit_cuts_the_answer()
    {
        var answer = new SimCaller().Json(SimCaller.Ask("Hello", ",\"max_tokens\":5"));
        Assert.Equal("Length", answer.GetProperty("finish").GetString());
        Assert.Equal(5, SimTokens.Count(answer.GetProperty("text").GetString()!));
        Assert.Equal(5, answer.GetProperty("output").GetInt32());
    }

    [Fact]
    public void The_stop_sequence_that_comes_first_ends_the_answer()
    {
        var answer = new SimCaller().Json(SimCaller.Ask("echo: one two three four", ",\"stop\":[\"four\",\"o th\"]"));
        Assert.Equal("one tw", answer.GetProperty("text").GetString());
        Assert.Equal("StopSequence", answer.GetProperty("finish").GetString());
        Assert.Equal("o th", answer.GetProperty("stop").GetString());
    }

    [Fact]
    public void A_tool_is_called_only_when_the_user_asks_for_it()
    {
        Assert.Equal(0, Calls(SimCaller.Ask("Hello", Weather)).GetArrayLength());
        var call = Assert.Single(Calls(SimCaller.Ask("Please call something", Weather)).EnumerateArray());
        Assert.Equal("get_weather", call.GetProperty("name").GetString());
        var arguments = JsonDocument.Parse(call.GetProperty("arguments").GetString()!).RootElement;
        Assert.Equal(JsonValueKind.String, arguments.GetProperty("city").ValueKind);
        Assert.InRange(arguments.GetProperty("days").GetInt32(), 1, 3);
        var named = Assert.Single(Calls(SimCaller.Ask("use get_time", Weather)).EnumerateArray());
        Assert.Equal("get_time", named.GetProperty("name").GetString());
        Assert.Equal("{}", named.GetProperty("arguments").GetString());
    }

    [Fact]
    public void Tool_choice_forces_and_forbids()
    {
        var none = Weather + ",\"tool_choice\":\"none\"";
        var required = Weather + ",\"tool_choice\":\"required\"";
        var named = Weather + """,\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"get_time\"}}"""
            .Replace("\\", "", StringComparison.Ordinal);
        Assert.Equal(0, Calls(SimCaller.Ask("call get_time", none)).GetArrayLength());
        Assert.Equal(1, Calls(SimCaller.Ask("Hello", required)).GetArrayLength());
        Assert.Equal("get_time", Calls(SimCaller.Ask("Hello", named))[0].GetProperty("name").GetString());
    }

    [Fact]
    public void All_tools_are_called_in_parallel_unless_forbidden()
    {
        var calls = Calls(SimCaller.Ask("call all", Weather));
        Assert.Equal(2, calls.GetArrayLength());
        Assert.NotEqual(calls[0].GetProperty("id").GetString(), calls[1].GetProperty("id").GetString());
        Assert.Equal(1, Calls(SimCaller.Ask("call all", Weather + ",\"parallel_tool_calls\":false")).GetArrayLength());
    }

    [Theory]
    [InlineData(
        "/v1/chat/completions",
        """
        {"model":"m","messages":[{"role":"user","content":"call it"},{"role":"assistant","tool_calls":[]},
        {"role":"tool","tool_call_id":"1","content":"ok"}],"tools":[{"type":"function","function":{"name":"t"}}]}
        """)]
    [InlineData(
        "/v1/responses",
        """
        {"model":"m","input":[{"role":"user","content":"call it"},{"type":"function_call","name":"t","call_id":"1",
        "arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"ok"}],
        "tools":[{"type":"function","name":"t"}]}
        """)]
    [InlineData(
        "/v1/messages",
        """
        {"model":"m","max_tokens":99,"messages":[{"role":"user","content":"call it"},{"role":"assistant","content":
        [{"type":"tool_use","id":"1","name":"t","input":{}}]},{"role":"user","content":[{"type":"tool_result",
        "tool_use_id":"1","content":"ok"}]}],"tools":[{"name":"t","input_schema":{"type":"object"}}]}
        """)]
    [InlineData(
        "/v1beta/models/m:generateContent",
        """
        {"contents":[{"role":"user","parts":[{"text":"call it"}]},{"role":"model","parts":[{"functionCall":
        {"name":"t","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"t","response":{}}}]}],
        "tools":[{"functionDeclarations":[{"name":"t"}]}]}
        """)]
    public void A_tool_result_is_answered_with_text_and_the_question_with_the_call(string path, string body)
    {
        var answer = new SimCaller().Json(body, path);
        Assert.Equal("Stop", answer.GetProperty("finish").GetString());
        Assert.Equal(0, answer.GetProperty("calls").GetArrayLength());

        var question = JsonDocument.Parse(body).RootElement.Clone();
        var field = path.Contains("responses", StringComparison.Ordinal) ? "input"
            : path.Contains("beta", StringComparison.Ordinal) ? "contents" : "messages";
        var first = body.Replace(
            question.GetProperty(field).GetRawText(), $"[{question.GetProperty(field)[0].GetRawText()}]",
            StringComparison.Ordinal);
        var asked = new SimCaller().Json(first, path);
        Assert.Equal("ToolCalls", asked.GetProperty("finish").GetString());
        Assert.Equal("t", asked.GetProperty("calls")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Json_is_written_when_it_is_asked_for()
    {
        var mode = Field("text", SimCaller.Ask("Hello", ",\"response_format\":{\"type\":\"json_object\"}"));
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(mode).RootElement.ValueKind);
        var format =
            """
            ,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object",
            "properties":{"x":{"enum":["only"]}},"required":["x"]}}}
            """;
        Assert.Equal("""{"x":"only"}""", Field("text", SimCaller.Ask("Hello", format)));
    }

    [Theory]
    [InlineData("/v1/chat/completions", ",\"reasoning_effort\":\"low\"", true)]
    [InlineData("/v1/messages", ",\"max_tokens\":999,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}", true)]
    [InlineData("/v1/messages", ",\"max_tokens\":999,\"thinking\":{\"type\":\"disabled\"}", null)]
    [InlineData("/v1/chat/completions", "", null)]
    public void Thoughts_are_given_and_counted_when_asked_for(string path, string more, bool? expected)
    {
        var answer = new SimCaller().Json(SimCaller.Ask("Hello", more), path);
        var thoughts = SimTokens.Count(answer.GetProperty("thoughts").GetString()!);
        Assert.Equal(expected is null ? 0 : 8, thoughts);
        Assert.Equal(expected is null ? -1 : 8, answer.GetProperty("reasoning").GetInt32());
        Assert.Equal(40 + thoughts, answer.GetProperty("output").GetInt32());
    }

    [Fact]
    public void Every_token_has_its_log_probability_when_asked_for() => Assert.Equal(
        40, new SimCaller().Json(SimCaller.Ask("Hello", ",\"logprobs\":true,\"top_logprobs\":2"))
            .GetProperty("logprobs").GetInt32());

    [Theory]
    [InlineData("/v1/chat/completions", "{", 400)]
    [InlineData("/v1/chat/completions", "[]", 400)]
    [InlineData("/v1/chat/completions", """{"messages":[]}""", 400)]
    [InlineData("/v1/chat/completions", """{"model":"m"}""", 400)]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":7}""", 400)]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"\ud800"}]}""", 400)]
    [InlineData("/v1/messages", """{"model":"m","messages":[]}""", 400)]
    [InlineData("/v1/embeddings", """{"model":"m"}""", 400)]
    [InlineData("/v1/nothing", "{}", 404)]
    [InlineData("/v1beta/models/m:dance", "{}", 405)]
    public void Wrong_requests_are_refused(string path, string body, int status)
    {
        var reply = new SimCaller().Send(body, path);
        Assert.Equal(status, reply.Status);
        Assert.NotEqual("", JsonDocument.Parse(reply.Body).RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public void Another_method_is_refused_with_the_right_one()
    {
        var reply = new SimCaller().Send("", SimCaller.Chat, "GET");
        Assert.Equal(405, reply.Status);
        Assert.Contains(new KeyValuePair<string, string>("Allow", "POST"), reply.Headers);
    }

    [Fact]
    public void Equal_texts_have_equal_unit_vectors_of_the_size_asked_for()
    {
        var data = new SimCaller().Json(
            """{"model":"m","input":["a b","a b","c"],"dimensions":64}""", "/v1/embeddings").GetProperty("data");
        var vectors = data.EnumerateArray()
            .Select(item => item.GetProperty("embedding").EnumerateArray().Select(x => x.GetSingle()).ToArray())
            .ToArray();
        Assert.Equal(64, vectors[0].Length);
        Assert.Equal(vectors[0], vectors[1]);
        Assert.NotEqual(vectors[0], vectors[2]);
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(x => x * x), 4));
    }

    [Fact]
    public void Base64_embeddings_hold_the_same_floats()
    {
        var plain = new SimCaller().Json("""{"model":"m","input":"a"}""", "/v1/embeddings");
        var packed = new SimCaller().Json(
            """{"model":"m","input":"a","encoding_format":"base64"}""", "/v1/embeddings");
        var bytes = packed.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        var floats = Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToSingle(bytes, i * 4));
        Assert.Equal(
            plain.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(x => x.GetSingle()), floats);
        Assert.Equal(1, plain.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public void Gemini_embeds_one_and_many()
    {
        const string One = """{"content":{"parts":[{"text":"a"}]},"outputDimensionality":8}""";
        var one = new SimCaller().Json(One, "/v1beta/models/m:embedContent").GetProperty("embedding");
        var many = new SimCaller().Json(
            $$"""{"requests":[{{One}},{{One}}]}""", "/v1beta/models/m:batchEmbedContents").GetProperty("embeddings");
        Assert.Equal(8, one.GetProperty("values").GetArrayLength());
        Assert.Equal(2, many.GetArrayLength());
        Assert.Equal(one.GetRawText(), many[1].GetRawText());
    }

    [Fact]
    public void Counted_tokens_are_the_tokens_of_the_usage()
    {
        const string Body =
            """{"model":"m","max_tokens":9,"system":"Be brief","messages":[{"role":"user","content":"One two"}]}""";
        var usage = new SimCaller().Json(Body, "/v1/messages").GetProperty("input").GetInt32();
        Assert.Equal(
            usage,
            new SimCaller().Json(Body, "/v1/messages/count_tokens").GetProperty("input_tokens").GetInt32());
        const string Gemini = """{"contents":[{"parts":[{"text":"One two"}]}]}""";
        var counted = new SimCaller().Json(Gemini, "/v1beta/models/m:countTokens");
        Assert.Equal(5, counted.GetProperty("totalTokens").GetInt32());
    }

    [Theory]
    [InlineData("/v1/models", "", "data", "id", "sim")]
    [InlineData("/v1/models", "anthropic-version: 2023-06-01", "data", "id", "sim")]
    [InlineData("/v1beta/models", "", "models", "name", "models/sim")]
    public void Models_are_listed_in_each_shape(string path, string header, string list, string field, string first)
    {
        var answer = new SimCaller().Json("", path, "GET", header);
        Assert.Equal(first, answer.GetProperty(list)[0].GetProperty(field).GetString());
        Assert.Equal(header.Length > 0, answer.TryGetProperty("has_more", out _));
        var one = new SimCaller().Json("", path + "/sim", "GET", header);
        Assert.Equal(first, one.GetProperty(field).GetString());
        Assert.Equal(404, new SimCaller().Send("", path + "/other", "GET", header).Status);
    }

    [Fact]
    public void Legacy_completions_answer_a_prompt_whole_and_streamed()
    {
        var caller = new SimCaller();
        var whole = caller.Json("""{"model":"m","prompt":"echo: one two"}""", "/v1/completions");
        Assert.Equal("one two", whole.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal(2, whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        var stream = SimCaller.Text(caller.Send(
            """{"model":"m","prompt":"echo: one two","stream":true}""", "/v1/completions"));
        var texts = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices")[0]);
        Assert.Equal(["one", " two", ""], texts.Select(choice => choice.GetProperty("text").GetString()!));
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_are_due_at_their_times_from_the_headers()
    {
        var options = new SimOptions
        {
            Latency = TimeSpan.FromMilliseconds(70),
            FirstToken = TimeSpan.FromMilliseconds(200),
            TokenRate = 50,
            Tokens = 4,
        };
        var reply = new SimCaller(options: options).Send(SimCaller.Ask("Hello", ",\"stream\":true"));
        Assert.Equal(70, reply.Latency.TotalMilliseconds);
        var deltas = SimCaller.Steps(reply).Where(step => step.Text.Contains("Delta", StringComparison.Ordinal));
        Assert.Equal([200, 220, 240, 260], deltas.Select(step => step.Due.TotalMilliseconds));
    }

    [Fact]
    public void Gemini_streams_a_json_array_unless_events_are_asked_for()
    {
        const string Body = """{"contents":[{"parts":[{"text":"echo: one two"}]}]}""";
        const string Path = "/v1beta/models/m:streamGenerateContent";
        var events = new SimCaller().Send(Body, Path + "?alt=sse");
        Assert.Equal("text/event-stream", events.ContentType);
        Assert.Equal(["one", " two"], SimCaller.Deltas(SimCaller.Text(events)));
        var array = new SimCaller().Send(Body, Path);
        Assert.Equal("application/json", array.ContentType);

        // The fake's end marker [DONE] is an array to JSON; it stands last.
        var items = JsonDocument.Parse(SimCaller.Text(array).Replace("[DONE]", "0", StringComparison.Ordinal));
        Assert.Equal(
            ["one", " two"],
            items.RootElement.EnumerateArray()
                .Where(item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("text", out _))
                .Select(item => item.GetProperty("text").GetString()!));
    }

    [Fact]
    public void The_simulation_is_controlled_only_where_allowed()
    {
        const string Rules = "rules: [{name: first, fault: error, times: 1}]";
        var caller = new SimCaller(Rules, control: true);
        Assert.Equal(500, caller.Send(SimCaller.Ask("a")).Status);
        Assert.Equal(200, caller.Send(SimCaller.Ask("a")).Status);
        var state = caller.Json("", "/sim/state", "GET");
        Assert.Equal(2, state.GetProperty("calls").GetInt32());
        Assert.Equal(
            """{"name":"first","matches":2,"hits":1}""", state.GetProperty("rules")[0].GetRawText());
        Assert.Equal(0, caller.Json("", "/sim/reset").GetProperty("calls").GetInt32());
        Assert.Equal(500, caller.Send(SimCaller.Ask("a")).Status);
        Assert.Equal(404, new SimCaller(Rules).Send("", "/sim/state", "GET").Status);
    }

    [Fact]
    public void A_token_never_splits_a_character()
    {
        var tokens = SimTokens.Split("αβγδεζηθικ 日本語日本語 x");
        Assert.Equal("αβγδεζηθικ 日本語日本語 x", string.Concat(tokens));
        Assert.Equal(["αβγδ", "εζηθ", "ικ", " 日本語", "日本語", " x"], tokens);
        Assert.Equal(tokens.Count, SimTokens.Count(Encoding.UTF8.GetBytes("αβγδεζηθικ 日本語日本語 x")));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a b  c\n\nd ")]
    [InlineData("abcdefghi")]
    [InlineData("  abcdefghijklmnopqrstuvwxyz  αβγδεζηθικλμ")]
    public void Tokens_are_counted_as_they_are_cut(string text) =>
        Assert.Equal(SimTokens.Split(text).Count, SimTokens.Count(text));

    private static string Field(string name, string body, SimOptions? options = null) =>
        new SimCaller(options: options).Json(body).GetProperty(name).GetString()!;

    private static JsonElement Calls(string body) => new SimCaller().Json(body).GetProperty("calls");
}
