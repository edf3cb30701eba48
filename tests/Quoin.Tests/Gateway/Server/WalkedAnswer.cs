using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Tests.Gateway.Dialects.Anthropic;
using Quoin.Tests.Gateway.Dialects.Gemini;

namespace Quoin.Tests.Gateway.Server;

/// <summary>
/// What an answer says, found by a plain walk over its JSON that shares no code with the dialects: of a provider's
/// recording as of what the gateway made of it. Endings are told as stop, tools, length, blocked or paused.
/// </summary>
internal sealed record WalkedAnswer
{
    public string Text { get; private set; } = "";

    public string Thoughts { get; private set; } = "";

    /// <summary>Names with their arguments as JSON.</summary>
    public List<string> Calls { get; } = [];

    public string Finish { get; private set; } = "";

    public int Input { get; private set; }

    public int Output { get; private set; }

    public int Cached { get; private set; }

    public int Reasoning { get; private set; }

    /// <summary>The message of an error that stands in the stream.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// A payload is no JSON, or the payloads are not those of one whole answer: no success must come of it.
    /// </summary>
    public bool IsUnsound { get; private set; }

    /// <summary>Whole, for it says why it ended, but without the end marker, which the gateway then writes.</summary>
    public bool LacksEnd { get; private set; }

    public static WalkedAnswer Of(string api, bool isStream, IReadOnlyList<string> payloads)
    {
        var answer = new WalkedAnswer();
        List<JsonNode> nodes;
        try
        {
            nodes = [.. payloads.Select(payload => JsonNode.Parse(payload)!)];
        }
        catch (JsonException)
        {
            answer.IsUnsound = true;
            return answer;
        }

        switch (api)
        {
            case "chat":
                answer.WalkChat(nodes);
                break;
            case "anthropic":
                answer.WalkAnthropic(nodes, isStream);
                break;
            case "gemini":
                answer.WalkGemini(nodes, payloads);
                break;
            default:
                answer.WalkResponses(nodes, isStream);
                break;
        }

        return answer;
    }

    /// <summary>As one text that is compared and read.</summary>
    public string Told(string finish) =>
        $"text: {Text}\nthoughts: {Thoughts}\ncalls: {string.Join(" | ", Calls)}\nfinish: {finish}\n"
        + $"usage: {Input} cached {Cached}, {Output} thoughts {Reasoning}";

    private void WalkChat(List<JsonNode> chunks)
    {
        var calls = new SortedDictionary<int, (string Name, string Arguments)>();
        foreach (var chunk in chunks)
        {
            Error ??= (string?)chunk["error"]?["message"];
            var choice = chunk["choices"]?.AsArray().FirstOrDefault(item => ((int?)item!["index"] ?? 0) == 0);
            var said = choice?["delta"] ?? choice?["message"];
            Text += (string?)said?["content"];
            Text += (string?)said?["refusal"];
            Thoughts += (string?)(said?["reasoning_content"] ?? said?["reasoning"]);
            foreach (var (i, call) in (said?["tool_calls"]?.AsArray() ?? []).Index())
            {
                var at = (int?)call!["index"] ?? i;
                var (name, arguments) = calls.GetValueOrDefault(at);
                calls[at] = (name + call["function"]?["name"], arguments + call["function"]?["arguments"]);
            }

            Finish = (string?)choice?["finish_reason"] ?? Finish;
            if (chunk["usage"] is { } usage)
            {
                Input = Number(usage["prompt_tokens"]);

                // xAI counts thoughts apart, but for the total.
                Output = Math.Max(Number(usage["completion_tokens"]), Number(usage["total_tokens"]) - Input);
                Cached = Number(usage["prompt_tokens_details"]?["cached_tokens"]);
                Reasoning = Number(usage["completion_tokens_details"]?["reasoning_tokens"]);
            }
        }

        IsUnsound = Finish.Length == 0;
        Calls.AddRange(calls.Values.Select(call => call.Name + Json(call.Arguments)));
        Finish = Finish switch
        {
            "stop" when Calls.Count > 0 => "tools",
            "tool_calls" or "function_call" => "tools",
            "content_filter" => "blocked",
            var other => other,
        };
    }

    private void WalkAnthropic(List<JsonNode> payloads, bool isStream)
    {
        var message = payloads[0];
        if (isStream)
        {
            Error = (string?)payloads.Find(payload => (string?)payload["type"] == "error")?["error"]!["message"];
            var end = payloads.FindIndex(payload => (string?)payload["type"] == "message_stop");
            LacksEnd = end < 0 && payloads.Exists(payload => payload["delta"]?["stop_reason"] is not null);
            var first = LacksEnd ? payloads : payloads[..(end + 1)];
            var ids = first.Where(payload => (string?)payload["type"] == "message_start")
                .Select(payload => (string?)payload["message"]!["id"]).Distinct();
            IsUnsound = ids.Count() != 1;
            if (IsUnsound || Error is not null)
            {
                return;
            }

            message = AnthropicRecordings.Rebuild(first);
        }

        foreach (var block in message["content"]!.AsArray())
        {
            switch ((string?)block!["type"])
            {
                case "text":
                    Text += (string?)block["text"];
                    break;
                case "thinking":
                    Thoughts += (string?)block["thinking"];
                    break;
                case "tool_use":
                    Calls.Add((string?)block["name"] + block["input"]!.ToJsonString());
                    break;
            }
        }

        Finish = (string?)message["stop_reason"] switch
        {
            "end_turn" or "stop_sequence" => "stop",
            "max_tokens" or "model_context_window_exceeded" => "length",
            "tool_use" => "tools",
            "refusal" => "blocked",
            _ => "paused",
        };
        var usage = message["usage"]!;
        Cached = Number(usage["cache_read_input_tokens"]);
        Input = Number(usage["input_tokens"]) + Cached + Number(usage["cache_creation_input_tokens"]);
        Output = Number(usage["output_tokens"]);
        Reasoning = Number(usage["output_tokens_details"]?["thinking_tokens"]);
    }

    private void WalkGemini(List<JsonNode> chunks, IReadOnlyList<string> payloads)
    {
        Error = (string?)chunks.Find(chunk => chunk["error"] is not null)?["error"]!["message"];
        var walk = new GeminiWalk([.. payloads]);
        (Text, Thoughts) = (walk.Text, walk.Thoughts);
        Calls.AddRange(walk.Calls);
        foreach (var chunk in chunks)
        {
            Finish = (string?)chunk["candidates"]?[0]?["finishReason"] ?? Finish;
            if (chunk["usageMetadata"] is { } usage)
            {
                Cached = Number(usage["cachedContentTokenCount"]);
                Reasoning = Number(usage["thoughtsTokenCount"]);
                Input = Number(usage["promptTokenCount"]) + Number(usage["toolUsePromptTokenCount"]);
                Output = Number(usage["candidatesTokenCount"]) + Reasoning;
            }
        }

        IsUnsound = Finish.Length == 0 && !chunks.Exists(chunk => chunk["promptFeedback"]?["blockReason"] is not null);
        Finish = Finish switch
        {
            "STOP" => Calls.Count > 0 ? "tools" : "stop",
            "MAX_TOKENS" => "length",
            _ => "blocked",
        };
    }

    private void WalkResponses(List<JsonNode> events, bool isStream)
    {
        var end = isStream
            ? events.FindIndex(e => (string?)e["type"] is "response.completed" or "response.incomplete"
                or "response.failed" or "error")
            : 0;
        IsUnsound = end < 0;
        if (IsUnsound)
        {
            return;
        }

        var response = isStream ? events[end]["response"] : events[0];
        Error = (string?)events[end]["error"]?["message"] ?? (string?)response?["error"]?["message"];
        if (Error is not null)
        {
            return;
        }

        var items = isStream
            ? events[..end].Where(e => (string?)e["type"] == "response.output_item.done").Select(e => e["item"]!)
            : response!["output"]!.AsArray().Select(item => item!);
        foreach (var item in items)
        {
            switch ((string?)item["type"])
            {
                case "message":
                    Text += string.Concat((item["content"]?.AsArray() ?? []).Select(
                        part => (string?)part!["text"] + (string?)part["refusal"]));
                    break;
                case "reasoning":
                    Thoughts += string.Join(
                        "\n\n", (item["summary"]?.AsArray() ?? []).Select(part => (string?)part!["text"]));
                    break;
                case "function_call":
                    Calls.Add((string?)item["name"] + Json((string?)item["arguments"]));
                    break;
                case "custom_tool_call":
                    Calls.Add((string?)item["name"]
                        + new JsonObject { ["input"] = (string?)item["input"] }.ToJsonString());
                    break;
            }
        }

        Finish = (string?)response!["incomplete_details"]?["reason"] switch
        {
            "content_filter" => "blocked",
            not null => "length",
            _ => Calls.Count > 0 ? "tools" : "stop",
        };
        var usage = response["usage"];
        Input = Number(usage?["input_tokens"]);
        Output = Number(usage?["output_tokens"]);
        Cached = Number(usage?["input_tokens_details"]?["cached_tokens"]);
        Reasoning = Number(usage?["output_tokens_details"]?["reasoning_tokens"]);
    }

    private static int Number(JsonNode? node) => (int?)node ?? 0;

    private static string Json(string? text) =>
        string.IsNullOrEmpty(text) ? "{}" : JsonNode.Parse(text)!.ToJsonString();
}
