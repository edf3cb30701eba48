using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Writes <c>thinkingConfig</c>: a budget stays a budget; an effort is a level for Gemini 3 and a budget for the
/// models before it. No thinking is a budget of 0 everywhere, which models that always think refuse themselves.
/// </summary>
internal static class GeminiThinking
{
    /// <summary>The greatest budget of the flash models; the pro models take 32,768.</summary>
    private const int FlashBudget = 24576;

    public static void Write(Utf8JsonWriter json, Reasoning? reasoning, string model)
    {
        if (reasoning is null or { Effort: null, BudgetTokens: null, IncludeThoughts: null })
        {
            return;
        }

        json.WriteStartObject("thinkingConfig"u8);
        if (reasoning.BudgetTokens is { } budget)
        {
            json.WriteNumber("thinkingBudget"u8, budget);
        }
        else if (reasoning.Effort is { } effort)
        {
            WriteEffort(json, effort, model);
        }

        if (reasoning.IncludeThoughts is { } include)
        {
            json.WriteBoolean("includeThoughts"u8, include);
        }

        json.WriteEndObject();
    }

    private static void WriteEffort(Utf8JsonWriter json, ReasoningEffort effort, string model)
    {
        if (effort != ReasoningEffort.None && model.Contains("gemini-3", StringComparison.OrdinalIgnoreCase))
        {
            json.WriteString("thinkingLevel"u8, effort switch
            {
                ReasoningEffort.Minimal => "MINIMAL"u8,
                ReasoningEffort.Low => "LOW"u8,
                ReasoningEffort.Medium => "MEDIUM"u8,
                _ => "HIGH"u8,
            });
            return;
        }

        var budget = effort.ToBudget();
        json.WriteNumber(
            "thinkingBudget"u8,
            model.Contains("flash", StringComparison.OrdinalIgnoreCase) ? Math.Min(budget, FlashBudget) : budget);
    }
}
