using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads a whole message into the events that its stream would give. Blocks of tools that the provider runs itself
/// (server_tool_use and results, mcp_*, compaction, fallback, …) have no counterpart elsewhere and are left out.
/// </summary>
internal static class AnthropicResponseReader
{
    public static void Read(ReadOnlyMemory<byte> body, List<ChatEvent> events)
    {
        using var document = JsonDocument.Parse(body);
        var root = AnthropicJson.Root(document);
        if (AnthropicJson.Text(root, "type") == "error" && AnthropicJson.Object(root, "error") is { } error)
        {
            events.Add(new ResponseFailed(AnthropicErrors.ToGatewayError(AnthropicErrors.Read(error))));
            return;
        }

        if (!root.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("content is not an array");
        }

        events.Add(new ResponseStarted(AnthropicJson.Text(root, "id"), AnthropicJson.Text(root, "model")));
        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            if (ReadBlock(block, index, events))
            {
                events.Add(new BlockStopped(index));
                index++;
            }
        }

        if (AnthropicJson.Object(root, "usage") is { } usage)
        {
            var counters = default(AnthropicUsage);
            counters.Read(usage);
            if (counters.ToUsage() is { } told)
            {
                events.Add(new UsageReported(told));
            }
        }

        if (Finish(root) is { } finished)
        {
            events.Add(finished);
        }
    }

    /// <param name="holder">The message, or a stream's message_delta.delta.</param>
    /// <returns>Null when no stop reason is told.</returns>
    public static ResponseFinished? Finish(JsonElement holder)
    {
        if (AnthropicJson.Text(holder, "stop_reason") is not { } word)
        {
            return null;
        }

        string? explanation = null;
        if (AnthropicJson.Object(holder, "stop_details") is { } details)
        {
            explanation = AnthropicJson.Text(details, "explanation") ?? AnthropicJson.Text(details, "category");
        }

        return AnthropicStopReason.Read(word, AnthropicJson.Text(holder, "stop_sequence"), explanation);
    }

    private static bool ReadBlock(JsonElement block, int index, List<ChatEvent> events)
    {
        if (block.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("a content block is not an object");
        }

        switch (AnthropicJson.Text(block, "type"))
        {
            case "text":
                events.Add(new BlockStarted(index, BlockKind.Text));
                AddDelta(AnthropicJson.Text(block, "text"));
                return true;
            case "thinking":
                events.Add(new BlockStarted(index, BlockKind.Reasoning));
                AddDelta(AnthropicJson.Text(block, "thinking"));
                if (AnthropicJson.Text(block, "signature") is { Length: > 0 } signature)
                {
                    events.Add(new BlockSigned(index, signature));
                }

                return true;
            case "redacted_thinking":
                events.Add(new BlockStarted(index, BlockKind.Reasoning));
                events.Add(new BlockSigned(index, AnthropicJson.Text(block, "data") ?? "", Redacted: true));
                return true;
            case "tool_use":
                events.Add(new BlockStarted(
                    index,
                    BlockKind.ToolCall,
                    AnthropicJson.Text(block, "id"),
                    AnthropicJson.Text(block, "name")));
                AddDelta(AnthropicJson.Object(block, "input")?.GetRawText() ?? "{}");
                return true;
            default:
                return false;
        }

        void AddDelta(string? text)
        {
            if (!string.IsNullOrEmpty(text))
            {
                events.Add(new BlockDelta(index, text));
            }
        }
    }
}
