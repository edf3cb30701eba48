using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>Gathers thinking and output_config.effort, in whichever order they stand, into one wish.</summary>
internal sealed class AnthropicThinkingReader
{
    private Reasoning? _thinking;
    private ReasoningEffort? _effort;

    public void ReadThinking(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        string? type = null;
        int? budget = null;
        bool? display = null;
        foreach (var field in AnthropicFields.Of(value, "thinking"))
        {
            switch (field.Name)
            {
                case "type":
                    type = JsonFields.String(field.Value, "thinking.type");
                    break;
                case "budget_tokens":
                    budget = JsonFields.IntegerOrNull(field.Value, "thinking.budget_tokens", 1024);
                    break;
                case "display":
                    display = JsonFields.StringOrNull(field.Value, "thinking.display") switch
                    {
                        null => null,
                        "summarized" => true,
                        "omitted" => false,
                        _ => throw JsonFields.Unsupported("thinking.display", "must be summarized or omitted"),
                    };
                    break;
                default:
                    throw JsonFields.Unknown("thinking." + field.Name);
            }
        }

        _thinking = type switch
        {
            "enabled" => new Reasoning(null, budget ?? throw JsonFields.Missing("thinking.budget_tokens"), display),
            "adaptive" when budget is null => new Reasoning(null, null, display),
            "disabled" when budget is null => new Reasoning(ReasoningEffort.None),
            "adaptive" or "disabled" => throw JsonFields.Unsupported(
                "thinking.budget_tokens", $"has no meaning when thinking.type is {type}"),
            null => throw JsonFields.Missing("thinking.type"),
            _ => throw JsonFields.Unsupported("thinking.type", "must be enabled, adaptive or disabled"),
        };
    }

    public void ReadEffort(JsonElement value) => _effort = JsonFields.StringOrNull(value, "output_config.effort") switch
    {
        null => null,
        "low" => ReasoningEffort.Low,
        "medium" => ReasoningEffort.Medium,
        "high" => ReasoningEffort.High,
        "xhigh" or "max" => ReasoningEffort.Max,
        _ => throw JsonFields.Unsupported("output_config.effort", "must be low, medium, high, xhigh or max"),
    };

    public Reasoning? Result()
    {
        if (_effort is null)
        {
            return _thinking;
        }

        return _thinking?.Effort == ReasoningEffort.None
            ? throw JsonFields.Unsupported(
                "output_config.effort", "together with disabled thinking has no counterpart at this model's provider")
            : new Reasoning(_effort, _thinking?.BudgetTokens, _thinking?.IncludeThoughts);
    }
}
