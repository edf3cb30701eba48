using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

public sealed class GeminiStreamTests
{
    [Theory]
    [InlineData(
        """{"jsonPath":"$.a","stringValue":"x\"","willContinue":true}|{"jsonPath":"$.a","stringValue":"\ny"}""",
        """{"a":"x\"\ny"}""")]
    [InlineData(
        """{"jsonPath":"$.a.b[0][0].c","numberValue":1.50}|{"jsonPath":"$.a.b[0][1]","boolValue":false}|"""
        + """{"jsonPath":"$.a.b[1]","nullValue":"NULL_VALUE"}|{"jsonPath":"$['d e']","stringValue":""}|"""
        + """{"jsonPath":"$[\"f\\\"\"]","stringValue":"é"}""",
        """{"a":{"b":[[{"c":1.50},false],null]},"d e":"","f\"":"é"}""")]
    [InlineData(
        """{"jsonPath":"$.a.x","stringValue":"1","willContinue":true}|{"jsonPath":"$.b.x","stringValue":"2"}""",
        """{"a":{"x":"1"},"b":{"x":"2"}}""")]
    public void Pieces_of_arguments_are_put_together_as_they_come(string pieces, string expected)
    {
        var payloads = new List<string> { Call("""{"name":"f","willContinue":true}""") };
        payloads.AddRange(pieces.Split('|').Select(p => Call($$$"""{"partialArgs":[{{{p}}}],"willContinue":true}""")));
        payloads.Add("""{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}""");
        var response = GeminiSamples.ReadStream([.. payloads])!;

        Assert.Equal(expected, Assert.IsType<ToolCallPart>(Assert.Single(response.Parts)).Arguments);
        Assert.Equal(FinishReason.ToolCalls, response.Finish);
    }

    [Theory]
    [InlineData(
        """{"jsonPath":"$.a.b","numberValue":1},{"jsonPath":"$.c","numberValue":1},"""
        + """{"jsonPath":"$.a.d","numberValue":1}""")]
    [InlineData("""{"jsonPath":"$.a[1]","numberValue":1}""")]
    [InlineData("""{"jsonPath":"$[0]","numberValue":1}""")]
    [InlineData("""{"jsonPath":"a","numberValue":1}""")]
    [InlineData("""{"jsonPath":"$.a[","numberValue":1}""")]
    [InlineData("""{"numberValue":1}""")]
    public void Pieces_out_of_order_or_without_a_place_are_malformed(string pieces) =>
        Assert.ThrowsAny<JsonException>(() => GeminiSamples.ReadStream(
            Call($$$"""{"name":"f","partialArgs":[{{{pieces}}}],"willContinue":true}""")));

    [Fact]
    public void A_path_deeper_than_the_limit_is_malformed()
    {
        var path = "$" + string.Concat(Enumerable.Repeat(".a", Limits.JsonDepth + 1));

        Assert.ThrowsAny<JsonException>(() => GeminiSamples.ReadStream(
            Call($$$"""{"name":"f","partialArgs":[{"jsonPath":"{{{path}}}","numberValue":1}]}""")));
    }

    [Fact]
    public void Calls_without_ids_get_stable_ones_that_differ_between_answers()
    {
        string[] Ids(string answer) =>
        [
            .. GeminiSamples.ReadStream(
                $$$"""
                {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"f"}},
                 {"functionCall":{"id":"own","name":"f"}}]},"finishReason":"STOP"}],"responseId":"{{{answer}}}"}
                """)!.Parts.Cast<ToolCallPart>().Select(call => call.Id),
        ];

        Assert.Equal(Ids("a"), Ids("a"));
        Assert.Equal(5, Ids("a").Concat(Ids("b")).Distinct().Count());
        Assert.All(Ids("a"), id => Assert.Matches("^[a-zA-Z0-9_]{1,40}$", id));
        Assert.Equal("own", Ids("a")[2]);
    }

    [Fact]
    public void A_blocked_prompt_is_a_filtered_answer_and_is_written_as_one()
    {
        const string Body = """
            {"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}
            """;
        var response = GeminiSamples.ReadStream(Body)!;
        var again = GeminiSamples.WriteResponse(response);

        Assert.Equal(FinishReason.ContentFilter, response.Finish);
        Assert.Contains("PROHIBITED_CONTENT", response.FinishDetail);
        Assert.Contains("""{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}""", again);
        Assert.DoesNotContain("candidates\"", again);
        Assert.Equal(ConversationText.Of(response), ConversationText.Of(GeminiSamples.ReadResponse(again))
            .Replace("model: asked-model\n", ""));
        Assert.Equal(
            FinishReason.ContentFilter, GeminiSamples.Dialect.ReadResponseFacts(Encoding.UTF8.GetBytes(Body)).Finish);
    }

    [Theory]
    [InlineData("MAX_TOKENS", FinishReason.Length, null)]
    [InlineData("SAFETY", FinishReason.ContentFilter, "why")]
    [InlineData("RECITATION", FinishReason.ContentFilter, "RECITATION: why")]
    [InlineData("OTHER", FinishReason.ContentFilter, "OTHER: why")]
    [InlineData("INVENTED_LATER", FinishReason.Malformed, "INVENTED_LATER: why")]
    [InlineData("MALFORMED_FUNCTION_CALL", FinishReason.Malformed, "why")]
    [InlineData("UNEXPECTED_TOOL_CALL", FinishReason.Malformed, "UNEXPECTED_TOOL_CALL: why")]
    public void Unusual_endings_keep_their_reason(string reason, object finish, string? detail)
    {
        var response = GeminiSamples.ReadStream(
            $$$"""{"candidates":[{"finishReason":"{{{reason}}}","finishMessage":"why"}]}""")!;

        Assert.Equal((FinishReason)finish, response.Finish);
        Assert.Equal(detail, response.FinishDetail);
        Assert.Contains($"\"finishReason\":\"{reason}\"", GeminiSamples.WriteResponse(response));
    }

    [Theory]
    [InlineData("""{"text":"a"}""", FinishReason.Stop)]
    [InlineData("""{"functionCall":{"name":"f","args":{}}}""", FinishReason.ToolCalls)]
    public void A_reason_that_is_not_known_leaves_an_answer_what_it_holds(string part, object finish)
    {
        var chunk = $$$"""{"candidates":[{"content":{"parts":[{{{part}}}]},"finishReason":"INVENTED_LATER"}]}""";
        var response = GeminiSamples.ReadStream(chunk)!;
        var watch = GeminiSamples.Dialect.CreateStreamWatch();
        watch.Observe(default, Encoding.UTF8.GetBytes(chunk));

        Assert.Equal((FinishReason)finish, response.Finish);
        Assert.Equal("INVENTED_LATER", response.FinishDetail);
        Assert.Equal(response.Finish, watch.Finish);
        Assert.Equal(
            response.Finish, GeminiSamples.Dialect.ReadResponseFacts(Encoding.UTF8.GetBytes(chunk)).Finish);
        Assert.Contains("\"finishReason\":\"INVENTED_LATER\"", GeminiSamples.WriteResponse(response));
    }

    [Fact]
    public void Usage_after_the_finish_reason_counts_and_tool_prompts_are_input()
    {
        var response = GeminiSamples.ReadStream(
            """{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}""",
            """
            {"usageMetadata":{"promptTokenCount":1,"toolUsePromptTokenCount":2,"cachedContentTokenCount":0,
             "candidatesTokenCount":4,"thoughtsTokenCount":8,"totalTokenCount":15}}
            """)!;

        Assert.Equal(
            new Usage { InputTokens = 3, OutputTokens = 12, CachedInputTokens = 0, ReasoningTokens = 8 },
            response.Usage);
    }

    [Fact]
    public void Parts_of_tools_that_Google_ran_leave_no_hole()
    {
        var response = GeminiSamples.ReadStream("""
            {"candidates":[{"content":{"parts":[{"text":"a"},{"executableCode":{"code":"1"}},
             {"codeExecutionResult":{"output":"1"}},{"text":"b"}]},"groundingMetadata":{},"finishReason":"STOP"}]}
            """)!;

        Assert.Equal("ab", Assert.IsType<TextPart>(Assert.Single(response.Parts)).Text);
    }

    [Fact]
    public void An_error_in_a_stream_fails_it()
    {
        const string Error = """{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}""";
        var events = GeminiSamples.ReadStream([Error], out var complete);
        var watch = GeminiSamples.Dialect.CreateStreamWatch();

        Assert.False(complete);
        Assert.Equal(GatewayErrorKind.Overloaded, Assert.IsType<ResponseFailed>(events[0]).Error.Kind);
        Assert.Equal(WatchVerdict.Error, watch.Observe(default, Encoding.UTF8.GetBytes(Error)));
        Assert.Equal("overloaded", watch.Error.Message);
    }

    [Theory]
    [InlineData("{\"candidates\":[")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("")]
    public void A_payload_that_is_no_object_is_malformed(string payload)
    {
        Assert.Equal(
            WatchVerdict.Malformed,
            GeminiSamples.Dialect.CreateStreamWatch().Observe(default, Encoding.UTF8.GetBytes(payload)));
        Assert.ThrowsAny<JsonException>(() => GeminiSamples.ReadStream(payload));
    }

    [Fact]
    public void A_call_whose_arguments_are_no_object_ends_as_malformed()
    {
        var response = new ChatResponse
        {
            Parts = [new TextPart("t"), new ToolCallPart("c", "f", "{\"a\":")],
            Finish = FinishReason.ToolCalls,
        };

        string[] both = [GeminiSamples.WriteResponse(response), GeminiSamples.WriteStream(response.ToEvents())];
        foreach (var text in both)
        {
            Assert.Contains("\"finishReason\":\"MALFORMED_FUNCTION_CALL\"", text);
            Assert.DoesNotContain("functionCall\"", text);
        }
    }

    [Fact]
    public void Each_piece_of_text_is_a_chunk_and_arguments_with_line_breaks_keep_to_one_line()
    {
        var stream = GeminiSamples.WriteStream([
            new ResponseStarted("id", "m"), new BlockStarted(0, BlockKind.Text), new BlockDelta(0, "a"),
            new BlockDelta(0, ""), new BlockDelta(0, "b\n"), new BlockStopped(0),
            new BlockStarted(1, BlockKind.ToolCall, "c", "f"), new BlockDelta(1, "{\n\"a\": "), new BlockDelta(1, "1}"),
            new BlockStopped(1), new ResponseFinished(FinishReason.ToolCalls)]);
        var payloads = GeminiSamples.Payloads(stream);

        Assert.Equal(4, payloads.Count);
        Assert.Contains("""{"functionCall":{"id":"c","name":"f","args":{"a":1}}}""", payloads[2]);
        Assert.Contains("\"finishReason\":\"STOP\"", payloads[3]);
        Assert.All(payloads, payload => Assert.Contains("\"responseId\":\"id\"", payload));
    }

    [Fact]
    public void Without_server_sent_events_the_stream_is_an_array()
    {
        var framing = new GeminiArrayFraming();
        var output = new ArrayBufferWriter<byte>();
        var writer = GeminiSamples.Dialect.CreateStreamWriter(GeminiSamples.Context);
        framing.Relay(new ServerSentEvent(default, default, "{\"a\":1}"u8.ToArray(), true), output);
        framing.Relay(new ServerSentEvent(": ping\n\n"u8.ToArray(), default, default, false), output);
        framing.Translate(writer, new BlockStarted(0, BlockKind.Text), output);
        framing.Translate(writer, new BlockDelta(0, "x\n\ny"), output);
        framing.Translate(writer, new ResponseFinished(FinishReason.Stop), output);
        framing.EndTranslated(writer, output);
        var text = Encoding.UTF8.GetString(output.WrittenSpan);

        Assert.StartsWith("[{\"a\":1}\n,\n{\"candidates\":", text);
        Assert.EndsWith("}\n]", text);
        Assert.Equal(3, JsonDocument.Parse(text).RootElement.GetArrayLength());
    }

    [Fact]
    public void An_error_is_the_last_element_of_the_array_and_an_empty_stream_an_empty_array()
    {
        var (failed, empty) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var framing = new GeminiArrayFraming();
        framing.WriteElement("{}"u8, failed);
        framing.Fail(GeminiSamples.Dialect, new GatewayError(GatewayErrorKind.BadGateway, "cut"), "r", failed);
        new GeminiArrayFraming().End(empty);
        var array = JsonDocument.Parse(failed.WrittenMemory).RootElement;

        Assert.Equal("cut", array[1].GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("[]", Encoding.UTF8.GetString(empty.WrittenSpan));
    }

    private static string Call(string call) =>
        $$$"""{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{{{call}}}}]}}]}""";
}
