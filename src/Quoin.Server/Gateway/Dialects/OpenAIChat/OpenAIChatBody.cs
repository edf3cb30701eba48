using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>The body of an unstreamed chat completion, both ways, and the pieces it shares with the stream.</summary>
internal static class OpenAIChatBody
{
    public static void Write(Utf8JsonWriter writer, ChatResponse response, AnswerContext context)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, response.Id ?? "chatcmpl-" + context.RequestId);
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, response.CreatedUnixSeconds ?? context.CreatedUnixSeconds);
        writer.WriteString("model"u8, response.Model ?? context.Model);
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        WriteMessage(writer, response);
        writer.WritePropertyName("logprobs"u8);
        WriteLogProbs(writer, response.LogProbs);
        writer.WriteString("finish_reason"u8, FinishName(response.Finish, response.Parts.Any(p => p is RefusalPart)));
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (response.Usage is { } usage)
        {
            writer.WritePropertyName("usage"u8);
            OpenAIChatUsage.Write(writer, usage);
        }

        writer.WriteEndObject();
    }

    public static void Read(ReadOnlyMemory<byte> body, List<ChatEvent> events)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("choices", out var choices)
            || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
        {
            throw new JsonException("a chat completion without choices");
        }

        var choice = choices[0];
        var message = choice.GetProperty("message");
        events.Add(Started(root));
        var index = 0;
        ReadBlock(events, ref index, BlockKind.Reasoning, ReasoningOf(message));
        ReadBlock(events, ref index, BlockKind.Text, Text(message, "content"), ReadLogProbs(choice));
        var refused = ReadBlock(events, ref index, BlockKind.Refusal, Text(message, "refusal"));
        var called = ReadToolCalls(events, ref index, message);
        if (root.TryGetProperty("usage", out var usage) && OpenAIChatUsage.Read(usage) is { } tokens)
        {
            events.Add(new UsageReported(tokens));
        }

        events.Add(new ResponseFinished(FinishReasonOf(Text(choice, "finish_reason"), called, refused)));
    }

    public static ResponseStarted Started(JsonElement root) => new(
        Text(root, "id"),
        Text(root, "model"),
        root.TryGetProperty("created", out var created) && created.ValueKind == JsonValueKind.Number
        && created.TryGetInt64(out var seconds)
            ? seconds
            : null);

    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static string? ReasoningOf(JsonElement message) =>
        Text(message, "reasoning_content") ?? Text(message, "reasoning");

    /// <summary>The dialect's word for an ending. OpenAI's own refusals end with stop and a refusal text.</summary>
    public static string FinishName(FinishReason finish, bool refusalText) => finish switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.ContentFilter => "content_filter",
        FinishReason.Refusal => refusalText ? "stop" : "content_filter",
        FinishReason.Malformed => "error",
        _ => "stop",
    };

    public static FinishReason FinishReasonOf(string? name, bool toolCalls, bool refusal) => name switch
    {
        "length" or "max_tokens" => FinishReason.Length,
        "tool_calls" or "function_call" => FinishReason.ToolCalls,
        "content_filter" => FinishReason.ContentFilter,
        "error" => FinishReason.Malformed,
        _ when refusal => FinishReason.Refusal,

        // A forced tool call ends with stop at OpenAI; so do some compatible servers with any.
        _ when toolCalls => FinishReason.ToolCalls,
        _ => FinishReason.Stop,
    };

    public static void WriteLogProbs(Utf8JsonWriter writer, IReadOnlyList<TokenLogProb>? tokens)
    {
        if (tokens is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteStartArray("content"u8);
        foreach (var token in tokens)
        {
            writer.WriteStartObject();
            WriteToken(writer, token);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var top in token.Top ?? [])
            {
                writer.WriteStartObject();
                WriteToken(writer, top);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNull("refusal"u8);
        writer.WriteEndObject();
    }

    public static List<TokenLogProb>? ReadLogProbs(JsonElement choice)
    {
        if (!choice.TryGetProperty("logprobs", out var logProbs) || logProbs.ValueKind != JsonValueKind.Object
            || !logProbs.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var tokens = new List<TokenLogProb>(content.GetArrayLength());
        foreach (var item in content.EnumerateArray())
        {
            var top = item.TryGetProperty("top_logprobs", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Select(ReadToken).ToArray()
                : null;
            tokens.Add(ReadToken(item) with { Top = top });
        }

        return tokens;
    }

    private static void WriteMessage(Utf8JsonWriter writer, ChatResponse response)
    {
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        var text = response.Parts.OfType<TextPart>().ToArray();
        if (text.Length > 0)
        {
            writer.WriteString("content"u8, string.Concat(text.Select(part => part.Text)));
        }
        else
        {
            writer.WriteNull("content"u8);
        }

        var refusals = response.Parts.OfType<RefusalPart>().ToArray();
        if (refusals.Length > 0)
        {
            writer.WriteString("refusal"u8, string.Concat(refusals.Select(part => part.Text)));
        }
        else
        {
            writer.WriteNull("refusal"u8);
        }

        var thoughts = string.Concat(response.Parts.OfType<ReasoningPart>().Select(part => part.Text));
        if (thoughts.Length > 0)
        {
            writer.WriteString("reasoning_content"u8, thoughts);
        }

        var calls = response.Parts.OfType<ToolCallPart>().ToArray();
        if (calls.Length > 0)
        {
            writer.WriteStartArray("tool_calls"u8);
            foreach (var call in calls)
            {
                OpenAIChatMessageWriter.WriteToolCall(writer, call);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static bool ReadBlock(
        List<ChatEvent> events, ref int index, BlockKind kind, string? text, List<TokenLogProb>? logProbs = null)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        events.Add(new BlockStarted(index, kind));
        events.Add(new BlockDelta(index, text, logProbs));
        events.Add(new BlockStopped(index++));
        return true;
    }

    private static bool ReadToolCalls(List<ChatEvent> events, ref int index, JsonElement message)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var call in calls.EnumerateArray())
        {
            if (!call.TryGetProperty("function", out var function))
            {
                continue;
            }

            events.Add(new BlockStarted(
                index, BlockKind.ToolCall, Text(call, "id") ?? $"call_{index}", Text(function, "name")));
            events.Add(new BlockDelta(index, Text(function, "arguments") ?? ""));
            if (call.TryGetProperty("extra_content", out var extra)
                && OpenAIChatMessageReader.ThoughtSignature(extra) is { } signature)
            {
                events.Add(new BlockSigned(index, signature));
            }

            events.Add(new BlockStopped(index++));
        }

        return calls.GetArrayLength() > 0;
    }

    private static void WriteToken(Utf8JsonWriter writer, TokenLogProb token)
    {
        writer.WriteString("token"u8, token.Token);
        writer.WriteNumber("logprob"u8, token.LogProb);
        if (token.Bytes is null)
        {
            writer.WriteNull("bytes"u8);
            return;
        }

        writer.WriteStartArray("bytes"u8);
        foreach (var b in token.Bytes)
        {
            writer.WriteNumberValue(b);
        }

        writer.WriteEndArray();
    }

    private static TokenLogProb ReadToken(JsonElement item) => new(
        Text(item, "token") ?? "",
        item.TryGetProperty("logprob", out var logProb) && logProb.ValueKind == JsonValueKind.Number
            ? JsonNumbers.Finite(logProb)
            : 0,
        item.TryGetProperty("bytes", out var bytes) && bytes.ValueKind == JsonValueKind.Array
            ? [.. bytes.EnumerateArray().Select(b => b.GetByte())]
            : null);
}
