using System.Buffers;
using System.Text;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicStreamWatchTests
{
    [Theory]
    [InlineData("""{"type":"ping"}""", WatchVerdict.Preamble)]
    [InlineData("""{"type":"message_start","message":{"model":"m"}}""", WatchVerdict.Preamble)]
    [InlineData("""{"type":"content_block_start","content_block":{"type":"text"}}""", WatchVerdict.Preamble)]
    [InlineData("""{"type":"content_block_start","content_block":{"type":"tool_use"}}""", WatchVerdict.Content)]
    [InlineData("""{"index":0,"delta":{"text":"x"},"type":"content_block_delta"}""", WatchVerdict.Content)]
    [InlineData("""{"type":"message_stop"}""", WatchVerdict.End)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"m"}}""", WatchVerdict.Error)]
    [InlineData("""{"type":"content_block_delta","delta":{"te""", WatchVerdict.Malformed)]
    [InlineData("""{"type":"ping"}{}""", WatchVerdict.Malformed)]
    [InlineData("[DONE]", WatchVerdict.Malformed)]
    [InlineData("[]", WatchVerdict.Malformed)]
    [InlineData("", WatchVerdict.Malformed)]
    public void Each_event_means_something(string payload, object verdict) =>
        Assert.Equal(
            verdict, AnthropicText.Dialect.CreateStreamWatch().Observe(default, Encoding.UTF8.GetBytes(payload)));

    [Fact]
    public void An_errors_words_are_kept()
    {
        var watch = AnthropicText.Dialect.CreateStreamWatch();
        watch.Observe(default, """{"type":"error","error":{"type":"overloaded_error","message":"m"}}"""u8);

        Assert.Equal(new UpstreamError("m", "overloaded_error", null, null), watch.Error);
    }

    [Fact]
    public void A_missing_end_marker_is_written_after_a_finish_reason_only()
    {
        var output = new ArrayBufferWriter<byte>();
        var watch = AnthropicText.Dialect.CreateStreamWatch();

        Assert.False(watch.Complete(output));
        Assert.Equal(0, output.WrittenCount);

        watch.Observe(default, """{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}"""u8);

        Assert.True(watch.Complete(output));
        Assert.Equal(FinishReason.Length, watch.Finish);
        Assert.Equal(
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
