using System.Buffers;
using System.Text;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.OpenAIResponses;

public sealed class ResponsesStreamTests
{
    [Fact]
    public void Each_added_item_and_part_is_done_and_events_are_counted()
    {
        var payloads = ResponsesSamples.Payloads(ResponsesSamples.WriteStream(
        [
            new ResponseStarted("resp_9", "m", 5),
            new BlockStarted(0, BlockKind.Reasoning),
            new BlockDelta(0, "Hmm"),
            new BlockSigned(0, "sig"),
            new BlockStopped(0),
            new BlockStarted(1, BlockKind.Text),
            new BlockDelta(1, "Hel"),
            new BlockDelta(1, "lo"),
            new BlockStopped(1),
            new BlockStarted(2, BlockKind.Refusal),
            new BlockDelta(2, "No"),
            new BlockStopped(2),
            new BlockStarted(3, BlockKind.ToolCall, "c1", "f"),
            new BlockDelta(3, "{}"),
            new BlockStopped(3),
            new UsageReported(new Usage { InputTokens = 3, OutputTokens = 4 }),
            new ResponseFinished(FinishReason.ToolCalls),
        ])).ConvertAll(ResponsesSamples.Parse);

        Assert.Equal(
            [
                "response.created", "response.in_progress",
                "response.output_item.added", "response.reasoning_summary_part.added",
                "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done", "response.output_item.done",
                "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                "response.content_part.added", "response.refusal.delta", "response.refusal.done",
                "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done", "response.completed",
            ],
            payloads.Select(e => e.GetProperty("type").GetString()!));
        Assert.Equal(
            Enumerable.Range(0, payloads.Count), payloads.Select(e => e.GetProperty("sequence_number").GetInt32()));
        var output = payloads[^1].GetProperty("response").GetProperty("output");
        Assert.Equal(
            payloads.Where(e => e.GetProperty("type").GetString() == "response.output_item.done")
                .Select(e => e.GetProperty("item").GetRawText()),
            output.EnumerateArray().Select(item => item.GetRawText()));
        Assert.Equal(["rs_req-1_0", "msg_req-1_1", "fc_req-1_2"], output.EnumerateArray().Select(
            item => item.GetProperty("id").GetString()!));
        var usage = payloads[^1].GetProperty("response").GetProperty("usage");
        Assert.Equal(7, usage.GetProperty("total_tokens").GetInt32());
    }

    [Theory]
    [InlineData(FinishReason.Stop, "completed", null)]
    [InlineData(FinishReason.StopSequence, "completed", null)]
    [InlineData(FinishReason.Pause, "completed", null)]
    [InlineData(FinishReason.Length, "incomplete", "max_output_tokens")]
    [InlineData(FinishReason.ContentFilter, "incomplete", "content_filter")]
    [InlineData(FinishReason.Refusal, "incomplete", "content_filter")]
    [InlineData(FinishReason.Malformed, "failed", null)]
    internal void Each_ending_has_its_status(FinishReason finish, string status, string? reason)
    {
        var stream = ResponsesSamples.WriteStream(
            [new BlockStarted(0, BlockKind.Text), new BlockDelta(0, "x"), new ResponseFinished(finish)]);
        var last = ResponsesSamples.Parse(ResponsesSamples.Payloads(stream)[^1]);
        Assert.Equal("response." + status, last.GetProperty("type").GetString());
        var response = last.GetProperty("response");
        Assert.Equal(status, response.GetProperty("status").GetString());
        var details = response.GetProperty("incomplete_details");
        Assert.Equal(reason, reason is null ? null : details.GetProperty("reason").GetString());
        Assert.Equal(
            status == "completed" ? "completed" : "incomplete",
            response.GetProperty("output")[0].GetProperty("status").GetString());
    }

    [Fact]
    public void A_calls_signature_follows_it_and_is_found_again_in_the_next_request()
    {
        var stream = ResponsesSamples.WriteStream(
        [
            new BlockStarted(0, BlockKind.ToolCall, "a:b", "f"),
            new BlockSigned(0, "Z2VtaW5p"),
            new BlockStopped(0),
            new ResponseFinished(FinishReason.ToolCalls),
        ]);
        var output = ResponsesSamples.Parse(ResponsesSamples.Payloads(stream)[^1])
            .GetProperty("response").GetProperty("output").GetRawText();
        var request = ResponsesSamples.Read($$"""{"model":"m","input":{{output}}}""");
        Assert.Equal(
            new ToolCallPart("a:b", "f", "{}", "Z2VtaW5p") { Path = "input[0]" },
            Assert.Single(Assert.Single(request.Turns).Parts));
    }

    [Fact]
    public void Settings_of_the_request_are_repeated()
    {
        var request = ResponsesSamples.Read("""
            {"model":"m","input":"x","instructions":"Be brief","temperature":0.5,"max_output_tokens":20,
            "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],
            "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,
            "reasoning":{"effort":"low"},"text":{"format":{"type":"json_object"}}}
            """);
        var response = ResponsesSamples.Parse(ResponsesSamples.WriteResponse(
            new ChatResponse { Parts = [new TextPart("y")] }, request));
        Assert.Equal("resp_req-1", response.GetProperty("id").GetString());
        Assert.Equal("asked-model", response.GetProperty("model").GetString());
        Assert.Equal(7, response.GetProperty("created_at").GetInt64());
        Assert.Equal("Be brief", response.GetProperty("instructions").GetString());
        Assert.Equal(0.5, response.GetProperty("temperature").GetDouble());
        Assert.Equal(20, response.GetProperty("max_output_tokens").GetInt32());
        Assert.Equal("""{"type":"function","name":"f"}""", response.GetProperty("tool_choice").GetRawText());
        Assert.Equal("f", response.GetProperty("tools")[0].GetProperty("name").GetString());
        Assert.False(response.GetProperty("parallel_tool_calls").GetBoolean());
        Assert.Equal("low", response.GetProperty("reasoning").GetProperty("effort").GetString());
        Assert.Equal("""{"type":"json_object"}""", response.GetProperty("text").GetProperty("format").GetRawText());
        Assert.Equal("{}", response.GetProperty("metadata").GetRawText());
        Assert.False(response.GetProperty("store").GetBoolean());
    }

    [Fact]
    public void Items_that_come_whole_are_not_lost_and_nothing_is_doubled()
    {
        var response = ResponsesSamples.Assembled(
        [
            """{"type":"response.created","response":{"id":"r","model":"m","created_at":1}}""",
            """
            {"type":"response.output_item.done","output_index":4,"item":{"type":"reasoning","id":"rs",
            "summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],
            "encrypted_content":"e"}}
            """,
            """{"type":"response.output_text.delta","output_index":6,"content_index":0,"delta":"Hel"}""",
            """{"type":"response.output_text.done","output_index":6,"content_index":0,"text":"Hello"}""",
            """
            {"type":"response.output_item.done","output_index":6,"item":{"type":"message",
            "content":[{"type":"output_text","text":"Hello"},{"type":"refusal","refusal":"No"}]}}
            """,
            """
            {"type":"response.output_item.done","output_index":9,"item":{"type":"function_call",
            "call_id":"c","name":"f","arguments":"{\"a\":1}"}}
            """,
            """{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}""",
        ]);
        Assert.Equal(
            [
                new ReasoningPart("a\n\nb", "openai:rs:e"), new TextPart("Hello"), new RefusalPart("No"),
                new ToolCallPart("c", "f", """{"a":1}"""),
            ],
            response!.Parts);
        Assert.Equal(FinishReason.Length, response.Finish);
    }

    [Fact]
    public void Thoughts_themselves_are_read_where_there_is_no_summary()
    {
        var response = ResponsesSamples.Assembled(
        [
            """
            {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning",
            "id":"rs","summary":[]}}
            """,
            """{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"th"}""",
            """{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"ink"}""",
            """{"type":"response.reasoning_text.done","output_index":0,"content_index":0,"text":"think"}""",
            """
            {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs",
            "summary":[],"content":[{"type":"reasoning_text","text":"think"}]}}
            """,
            """{"type":"response.completed","response":{}}""",
            "[DONE]",
        ]);
        Assert.Equal([new ReasoningPart("think")], response!.Parts);
    }

    [Fact]
    public void An_answer_told_only_at_the_end_is_read()
    {
        var response = ResponsesSamples.Assembled(
        [
            """
            {"type":"response.completed","response":{"id":"r","model":"m","status":"completed",
            "output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}}
            """,
        ]);
        Assert.Equal([new TextPart("x")], response!.Parts);
        Assert.Equal("r", response.Id);
    }

    [Theory]
    [InlineData("""{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null}""", 429)]
    [InlineData("""{"type":"error","error":{"type":"server_error","code":null,"message":"slow"}}""", 502)]
    [InlineData("""{"type":"response.failed","response":{"error":{"code":"server_error","message":"slow"}}}""", 502)]
    [InlineData("""{"type":"response.failed","response":{"error":{"code":"invalid_image","message":"slow"}}}""", 400)]
    [InlineData("""{"error":{"message":"slow","type":"overloaded_error"}}""", 503)]
    public void Errors_inside_a_stream_are_mapped(string payload, int status)
    {
        var events = ResponsesSamples.ReadStream([payload], out _);
        var error = Assert.IsType<ResponseFailed>(Assert.Single(events)).Error;
        Assert.Equal((status, "slow"), (error.Status, error.Message));
        var watch = ResponsesSamples.Dialect.CreateStreamWatch();
        Assert.Equal(WatchVerdict.Error, watch.Observe(default, Encoding.UTF8.GetBytes(payload)));
        Assert.Equal("slow", watch.Error.Message);
    }

    [Fact]
    public void An_error_of_ours_is_an_event_that_both_kinds_of_clients_see()
    {
        var output = new ArrayBufferWriter<byte>();
        var error = new GatewayError(GatewayErrorKind.BadGateway, "cut") { Code = "stream_cut" };
        ResponsesSamples.Dialect.WriteStreamError(error, "req", output);
        var json = ResponsesSamples.Parse(
            Assert.Single(ResponsesSamples.Payloads(Encoding.UTF8.GetString(output.WrittenSpan))));
        Assert.Equal("cut", json.GetProperty("message").GetString());
        Assert.Equal("stream_cut", json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("server_error", json.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public void A_failed_response_is_an_error_also_when_it_is_whole()
    {
        var failure = Assert.IsType<ResponseFailed>(Assert.Single(ResponsesSamples.ReadEvents(
            """{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"},"output":[]}""")));
        Assert.Equal(429, failure.Error.Status);
    }

    [Theory]
    [InlineData("{\"type\":")]
    [InlineData("7")]
    [InlineData("{\"type\":\"response.created\"}}")]
    public void What_is_no_event_is_malformed(string payload) => Assert.Equal(
        WatchVerdict.Malformed,
        ResponsesSamples.Dialect.CreateStreamWatch().Observe(default, Encoding.UTF8.GetBytes(payload)));
}
