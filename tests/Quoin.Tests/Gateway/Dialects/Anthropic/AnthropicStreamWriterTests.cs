using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

public sealed class AnthropicStreamWriterTests
{
    [Fact]
    public void One_block_is_open_at_a_time_whatever_overlaps()
    {
        var payloads = AnthropicText.WriteStream(
        [
            new ResponseStarted("id", "m"),
            new BlockStarted(0, BlockKind.ToolCall, "a", "f"),
            new BlockStarted(1, BlockKind.ToolCall, "b", "g"),
            new BlockDelta(1, "{\"b\""),
            new BlockDelta(0, "{\"a\":1}"),
            new BlockDelta(1, ":2}"),
            new BlockStopped(1),
            new BlockStarted(2, BlockKind.Text),
            new BlockDelta(2, "late"),
            new BlockStopped(0),
            new BlockStopped(2),
            new ResponseFinished(FinishReason.ToolCalls),
        ]);

        Assert.Equal(
            [
                "message_start", "content_block_start 0", "content_block_delta 0", "content_block_stop 0",
                "content_block_start 1", "content_block_delta 1", "content_block_delta 1", "content_block_stop 1",
                "content_block_start 2", "content_block_delta 2", "content_block_stop 2",
                "message_delta", "message_stop",
            ],
            payloads.Select(Short));
    }

    [Fact]
    public void Usage_after_the_finish_reason_still_comes_through()
    {
        var payloads = AnthropicText.WriteStream(
        [
            new ResponseStarted("id", "m"),
            new ResponseFinished(FinishReason.Length),
            new UsageReported(new Usage { InputTokens = 10, CachedInputTokens = 4, OutputTokens = 3 }),
        ]);

        Assert.Equal(
            """
            {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},
            "usage":{"input_tokens":6,"cache_read_input_tokens":4,"output_tokens":3}}
            """.ReplaceLineEndings(""),
            payloads[1]);
    }

    [Fact]
    public void A_redacted_thought_is_whole_with_its_start()
    {
        var payloads = AnthropicText.WriteStream(
        [
            new BlockStarted(0, BlockKind.Reasoning),
            new BlockSigned(0, "data", Redacted: true),
            new BlockStopped(0),
            new BlockStarted(1, BlockKind.Reasoning),
            new BlockDelta(1, "hm"),
            new BlockSigned(1, "sig"),
            new BlockStopped(1),
            new ResponseFinished(FinishReason.Stop),
        ]);

        Assert.Equal(
            """{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"data"}}""",
            payloads[1]);
        Assert.Equal(
            """{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"sig"}}""",
            payloads[5]);
    }

    [Fact]
    public void A_calls_signature_follows_it_as_an_empty_thought()
    {
        var payloads = AnthropicText.WriteStream(
        [
            new BlockStarted(0, BlockKind.ToolCall, "a", "f"),
            new BlockDelta(0, "{}"),
            new BlockSigned(0, "sig"),
            new BlockStopped(0),
            new ResponseFinished(FinishReason.ToolCalls),
        ]);

        Assert.Equal(
            """{"type":"thinking","thinking":"","signature":""}""",
            JsonNode.Parse(payloads[4])!["content_block"]!.ToJsonString());
        Assert.Equal("quoin-tool-call.sig", (string?)JsonNode.Parse(payloads[5])!["delta"]!["signature"]);
    }

    [Fact]
    public void A_refusal_is_text_with_its_stop_reason()
    {
        var payloads = AnthropicText.WriteStream(
        [
            new BlockStarted(0, BlockKind.Refusal),
            new BlockDelta(0, "no"),
            new BlockStopped(0),
            new ResponseFinished(FinishReason.Stop),
        ]);

        Assert.Equal("text_delta", (string?)JsonNode.Parse(payloads[2])!["delta"]!["type"]);
        Assert.Equal("refusal", (string?)JsonNode.Parse(payloads[^2])!["delta"]!["stop_reason"]);
    }

    [Fact]
    public void A_cut_answer_is_never_ended_in_good_order() => Assert.Throws<InvalidOperationException>(
        () => AnthropicText.WriteStream([new ResponseStarted("id", "m"), new BlockStarted(0, BlockKind.Text)]));

    private static string Short(string payload)
    {
        var node = JsonNode.Parse(payload)!;
        return node["index"] is { } index ? $"{node["type"]} {index}" : (string)node["type"]!;
    }
}
