using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads a whole response. Each content part, reasoning item and call is a block; what holds nothing is none. The
/// calls of tools that the provider ran itself are skipped. A custom tool's call, whose input is free text, is read
/// as a function call with the arguments <c>{"input": …}</c>.
/// </summary>
internal static class ResponsesBodyReader
{
    /// <summary>Between the parts of a reasoning summary, each a paragraph under its own heading.</summary>
    public const string SummarySeparator = "\n\n";

    public static void Read(ReadOnlyMemory<byte> body, List<ChatEvent> events)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var status = ResponsesJson.Text(root, "status");
        if (status == "failed")
        {
            events.Add(new ResponseFailed(UpstreamFault.InStream(ResponsesErrors.Read(root))));
            return;
        }

        if (ResponsesJson.Find(root, "output").ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("a response without output");
        }

        events.Add(Started(root));
        var (calls, refusal) = ReadOutput(root, 0, events);
        ReadEnding(root, status == "incomplete", calls, refusal, events);
    }

    public static ResponseStarted Started(JsonElement response) => new(
        ResponsesJson.Text(response, "id"),
        ResponsesJson.Text(response, "model"),
        ResponsesJson.Long(response, "created_at"));

    public static void ReadEnding(
        JsonElement response, bool incomplete, bool calls, bool refusal, List<ChatEvent> events)
    {
        if (ResponsesUsage.Read(response) is { } usage)
        {
            events.Add(new UsageReported(usage));
        }

        var reason = incomplete
            ? ResponsesJson.Text(ResponsesJson.Find(response, "incomplete_details"), "reason") ?? "max_output_tokens"
            : null;
        events.Add(new ResponseFinished(ResponsesFinish.Read(reason, calls, refusal)));
    }

    /// <summary>Whether there were calls, and a refusal.</summary>
    public static (bool Calls, bool Refusal) ReadOutput(JsonElement response, int index, List<ChatEvent> events)
    {
        var (calls, refusal) = (false, false);
        foreach (var item in ResponsesJson.Items(response, "output"))
        {
            switch (ResponsesJson.Text(item, "type"))
            {
                case "message":
                    refusal |= ReadMessage(item, ref index, events);
                    break;
                case "reasoning":
                    ReadReasoning(item, ref index, events);
                    break;
                case "function_call" or "custom_tool_call":
                    calls = true;
                    events.Add(new BlockStarted(
                        index, BlockKind.ToolCall, CallId(item), ResponsesJson.Text(item, "name")));
                    events.Add(new BlockDelta(index, Arguments(item)));
                    events.Add(new BlockStopped(index++));
                    break;
            }
        }

        return (calls, refusal);
    }

    public static string? CallId(JsonElement item) =>
        ResponsesJson.Text(item, "call_id") ?? ResponsesJson.Text(item, "id");

    public static string Arguments(JsonElement item) => ResponsesJson.Text(item, "type") == "custom_tool_call"
        ? $$"""{"input":{{JsonSerializer.Serialize(ResponsesJson.Text(item, "input") ?? "")}}}"""
        : ResponsesJson.Text(item, "arguments") ?? "";

    /// <summary>Null when the thought is not sealed, or the seal is that of a tool call.</summary>
    public static (string Signature, bool Redacted)? Seal(JsonElement item, bool empty) =>
        ResponsesJson.Text(item, "encrypted_content") is { Length: > 0 } content
        && !ResponsesSeal.TryReadCall(content, out _, out _)
            ? ResponsesSeal.Read(ResponsesJson.Text(item, "id"), content, empty)
            : null;

    private static bool ReadMessage(JsonElement item, ref int index, List<ChatEvent> events)
    {
        var refused = false;
        foreach (var part in ResponsesJson.Items(item, "content"))
        {
            var refusal = ResponsesJson.Text(part, "type") == "refusal";
            var text = ResponsesJson.Text(part, refusal ? "refusal" : "text");
            if (string.IsNullOrEmpty(text))
            {
                continue;
            }

            refused |= refusal;
            events.Add(new BlockStarted(index, refusal ? BlockKind.Refusal : BlockKind.Text));
            events.Add(new BlockDelta(index, text, ResponsesLogProbs.Read(part)));
            events.Add(new BlockStopped(index++));
        }

        return refused;
    }

    private static void ReadReasoning(JsonElement item, ref int index, List<ChatEvent> events)
    {
        var text = Join(item, "summary");
        text = text.Length > 0 ? text : Join(item, "content");
        var seal = Seal(item, text.Length == 0);
        if (text.Length == 0 && seal is null)
        {
            return;
        }

        events.Add(new BlockStarted(index, BlockKind.Reasoning));
        if (text.Length > 0)
        {
            events.Add(new BlockDelta(index, text));
        }

        if (seal is (var signature, var redacted))
        {
            events.Add(new BlockSigned(index, signature, redacted));
        }

        events.Add(new BlockStopped(index++));
    }

    private static string Join(JsonElement item, string name) => string.Join(
        SummarySeparator,
        ResponsesJson.Items(item, name)
            .Select(part => ResponsesJson.Text(part, "text"))
            .Where(text => !string.IsNullOrEmpty(text)));
}
