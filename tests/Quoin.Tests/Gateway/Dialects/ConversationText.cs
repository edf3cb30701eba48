using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>
/// Requests and answers as text, one fact a line, so that two of them compare by meaning and a difference is easily
/// read. Left out: paths, image details (hints), and how JSON is spaced. Ids and created times are left to the caller.
/// </summary>
internal static class ConversationText
{
    public static string Of(ChatRequest request)
    {
        var text = new StringBuilder();
        Fact(text, "model", request.Model);
        Fact(text, "stream", request.Stream);
        Fact(text, "max tokens", request.MaxTokens);
        Fact(text, "temperature", request.Temperature);
        Fact(text, "top p", request.TopP);
        Fact(text, "top k", request.TopK);
        Fact(text, "frequency penalty", request.FrequencyPenalty);
        Fact(text, "presence penalty", request.PresencePenalty);
        Fact(text, "seed", request.Seed);
        Fact(text, "logprobs", request.TopLogProbs);
        Fact(text, "parallel", request.ParallelToolCalls);
        Fact(text, "end user", request.EndUser);
        Fact(text, "stop", request.Stop.Count == 0 ? null : string.Join("|", request.Stop));
        if (request.Reasoning is { } reasoning)
        {
            Fact(text, "reasoning", $"{reasoning.Effort} {reasoning.BudgetTokens} {reasoning.IncludeThoughts}");
        }

        if (request.Output is { } output)
        {
            Fact(text, "output", $"{output.Name} {output.Strict} {(output.HasSchema ? Json(output.Schema) : "any")}");
        }

        if (request.ToolChoice is { } choice)
        {
            Fact(text, "tool choice", $"{choice.Mode} {string.Join(",", choice.Allowed ?? ["all"])}");
        }

        foreach (var tool in request.Tools)
        {
            Fact(text, "tool", $"{tool.Name} {Quote(tool.Description)} {tool.Strict} {Json(tool.Parameters)}");
        }

        foreach (var turn in request.Turns)
        {
            Fact(text, "turn", turn.Role);
            AddParts(text, turn.Parts, "  ");
        }

        return text.ToString();
    }

    public static string Of(ChatResponse? response)
    {
        if (response is null)
        {
            return "cut";
        }

        var text = new StringBuilder();
        Fact(text, "model", response.Model);
        Fact(text, "finish", $"{response.Finish} {response.StopSequence} {response.FinishDetail}");
        if (response.Usage is { } usage)
        {
            Fact(text, "usage", $"in {usage.InputTokens} cached {usage.CachedInputTokens} "
                + $"written {usage.CacheWriteTokens} out {usage.OutputTokens} thoughts {usage.ReasoningTokens}");
        }

        AddParts(text, response.Parts, "");
        foreach (var token in response.LogProbs ?? [])
        {
            Fact(text, "logprob", FormattableString.Invariant($"{Quote(token.Token)} {token.LogProb}"));
            foreach (var top in token.Top ?? [])
            {
                Fact(text, "  top", FormattableString.Invariant($"{Quote(top.Token)} {top.LogProb}"));
            }
        }

        return text.ToString();
    }

    private static void AddParts(StringBuilder text, IReadOnlyList<Part> parts, string indent)
    {
        foreach (var part in parts)
        {
            switch (part)
            {
                case TextPart words:
                    Fact(text, indent + "text", Quote(words.Text));
                    break;
                case RefusalPart refusal:
                    Fact(text, indent + "refusal", Quote(refusal.Text));
                    break;
                case ReasoningPart thought:
                    Fact(text, indent + "thought", $"{Quote(thought.Text)} {thought.Signature} {thought.Redacted}");
                    break;
                case MediaPart media:
                    Fact(text, indent + "media", $"{media.MediaType} {media.Data} {media.Url} {media.FileName}");
                    break;
                case ToolCallPart call:
                    Fact(text, indent + "call", $"{call.Id} {call.Name} {Json(call.Arguments)} {call.Signature}");
                    break;
                case ToolResultPart result:
                    Fact(text, indent + "result", $"{result.CallId} {result.Name} {(result.IsError ? "error" : "")}");
                    AddParts(text, result.Content, indent + "  ");
                    break;
            }
        }
    }

    private static void Fact(StringBuilder text, string name, object? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}").Append('\n');
        }
    }

    private static string Quote(string? value) => value is null ? "-" : JsonSerializer.Serialize(value);

    private static string Json(JsonElement element) =>
        element.ValueKind == JsonValueKind.Undefined ? "-" : Json(element.GetRawText());

    private static string Json(string text)
    {
        if (text.Length == 0)
        {
            return "{}";
        }

        try
        {
            return JsonNode.Parse(text)?.ToJsonString() ?? "null";
        }
        catch (JsonException)
        {
            return Quote(text);
        }
    }
}
