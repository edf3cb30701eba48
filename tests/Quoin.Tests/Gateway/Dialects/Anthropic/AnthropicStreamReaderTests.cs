using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicStreamReaderTests
{
    private const string Start =
        """{"type":"message_start","message":{"id":"a","model":"m","usage":{"input_tokens":5,"output_tokens":1}}}""";

    private const string OtherStart = """{"type":"message_start","message":{"id":"b","model":"m"}}""";
    private const string Text =
        """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"x"}}""";
    private const string Finish =
        """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}""";
    private const string Stop = """{"type":"message_stop"}""";

    [Fact]
    public void Counters_that_are_told_again_replace_the_earlier_ones()
    {
        var (events, _, _) = AnthropicText.ReadStream(
        [
            """
            {"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":7,
            "cache_creation_input_tokens":0,"output_tokens":1}}}
            """,
            """
            {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":6,"output_tokens":9,
            "output_tokens_details":{"thinking_tokens":4}}}
            """,
        ]);

        Assert.Equal(
            new Usage
            {
                InputTokens = 13,
                CachedInputTokens = 7,
                CacheWriteTokens = 0,
                OutputTokens = 9,
                ReasoningTokens = 4,
            },
            events.OfType<UsageReported>().Last().Usage);
    }

    [Fact]
    public void Arguments_that_stand_in_the_start_are_kept()
    {
        var (events, _, _) = AnthropicText.ReadStream(
        [
            Start,
            """
            {"type":"content_block_start","index":0,
            "content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}
            """,
            """{"type":"content_block_stop","index":0}""",
            """
            {"type":"content_block_start","index":1,
            "content_block":{"type":"tool_use","id":"u","name":"f","input":{}}}
            """,
            """
            {"type":"content_block_delta","index":1,
            "delta":{"type":"input_json_delta","partial_json":"{\"b\":2}"}}
            """,
            """{"type":"content_block_stop","index":1}""",
            Finish,
        ]);

        Assert.Equal(
            ["""{"a":1}""", """{"b":2}"""],
            ChatResponse.Assemble(events)!.Parts.Cast<ToolCallPart>().Select(call => call.Arguments));
    }

    [Fact]
    public void A_message_start_of_another_answer_before_any_block_starts_afresh()
    {
        var (events, complete, _) = AnthropicText.ReadStream([Start, OtherStart, Text, Finish, Stop]);

        Assert.True(complete);
        Assert.Single(events.OfType<ResponseStarted>());
        Assert.DoesNotContain(events, e => e is ResponseFailed);
    }

    [Fact]
    public void A_message_start_of_another_answer_after_a_block_is_an_error()
    {
        var (events, complete, _) = AnthropicText.ReadStream([Start, Text, OtherStart, Finish, Stop]);

        Assert.False(complete);
        Assert.Equal(GatewayErrorKind.BadGateway, Assert.IsType<ResponseFailed>(events[^1]).Error.Kind);
    }

    [Fact]
    public void A_repeated_message_start_is_ignored_even_within_the_answer()
    {
        var (events, complete, _) = AnthropicText.ReadStream([Start, Text, Start, Finish, Stop]);

        Assert.True(complete);
        Assert.Single(events.OfType<ResponseStarted>());
    }

    [Theory]
    [InlineData("overloaded_error", GatewayErrorKind.Overloaded)]
    [InlineData("rate_limit_error", GatewayErrorKind.RateLimited)]
    [InlineData("authentication_error", GatewayErrorKind.BadGateway)]
    [InlineData("api_error", GatewayErrorKind.BadGateway)]
    public void An_error_event_fails_the_answer(string type, object kind)
    {
        var (events, complete, ended) = AnthropicText.ReadStream(
            [Start, Text, "{\"type\":\"error\",\"error\":{\"type\":\"" + type + "\",\"message\":\"why\"}}", Stop]);
        var failed = Assert.IsType<ResponseFailed>(events[^1]);

        Assert.Equal(kind, failed.Error.Kind);
        Assert.Equal("why", failed.Error.Message);
        Assert.False(complete);
        Assert.True(ended);
    }

    [Fact]
    public void A_stream_without_a_finish_reason_is_cut()
    {
        Assert.False(AnthropicText.ReadStream([Start, Text]).Complete);
        Assert.True(AnthropicText.ReadStream([Start, Text, Finish]).Complete);
    }

    [Fact]
    public void Open_blocks_stop_with_the_answer()
    {
        var (events, _, _) = AnthropicText.ReadStream([Start, Text, Finish, Stop]);

        Assert.Contains(new BlockStopped(0), events);
        Assert.IsType<ResponseFinished>(events[^1]);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"type":"message_start"}""")]
    [InlineData("""{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"x"}}""")]
    [InlineData("""{"type":"content_block_stop","index":0}""")]
    [InlineData("""{"type":"content_block_start","index":"0","content_block":{"type":"text"}}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":5}}""")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"\ud83d"}}""")]
    public void Payloads_of_another_shape_are_json_errors(string payload) =>
        Assert.ThrowsAny<JsonException>(() => AnthropicText.ReadStream([payload]));
}
