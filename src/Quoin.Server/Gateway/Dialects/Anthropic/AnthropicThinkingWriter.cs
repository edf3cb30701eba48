using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// How a wish for reasoning is said to a model: adaptive thinking with an effort, or a budget, by what the model
/// takes (<see cref="AnthropicModel"/>). A budget counts towards max_tokens and must be smaller: without a limit
/// from the client it is put on top of the default one, with too small a limit the request is refused.
/// With a budget, Anthropic refuses to go on with a run of tool calls that does not start with a thought, and a client
/// whose dialect cannot carry signed thoughts has none to send: then no thinking is asked for until the run is over,
/// as Anthropic itself does where thinking is switched on within a run. Adaptive thinking has no such rule.
/// </summary>
internal readonly record struct AnthropicThinkingWriter
{
    private const int LeastBudget = 1024;

    private enum Mode
    {
        Untold,
        Disabled,
        Adaptive,
        Budget,
    }

    private Mode Thinking { get; init; }

    private int Budget { get; init; }

    private bool? IncludeThoughts { get; init; }

    /// <summary>For output_config.effort; null: not written.</summary>
    public string? Effort { get; private init; }

    public int MaxTokens { get; private init; }

    public static AnthropicThinkingWriter Of(ChatRequest request, UpstreamTraits upstream, bool counting)
    {
        var plain = new AnthropicThinkingWriter { MaxTokens = request.MaxTokens ?? upstream.DefaultMaxTokens };
        if (request.Reasoning is not { } reasoning)
        {
            return plain;
        }

        if (reasoning.Effort == ReasoningEffort.None || reasoning.BudgetTokens == 0)
        {
            return plain with { Thinking = Mode.Disabled };
        }

        var model = AnthropicModel.Of(upstream.Model);
        var budget = Wanted(reasoning, model);
        var thinking = plain with { IncludeThoughts = reasoning.IncludeThoughts };
        if (budget is null)
        {
            return !model.TakesEffort ? plain : thinking with
            {
                Thinking = Mode.Adaptive,
                Effort = Word(reasoning.Effort ?? (reasoning.BudgetTokens is { } tokens
                    ? ReasoningEffortExtensions.FromBudget(tokens)
                    : null)),
            };
        }

        if (!counting && budget >= request.MaxTokens)
        {
            throw new UntranslatableException(
                ChatField.Reasoning,
                null,
                $"asks for {budget} tokens of thinking, which must be fewer than the {request.MaxTokens} in all");
        }

        if (AnthropicToolRun.LacksThought(request.Turns))
        {
            return plain with { Effort = model.TakesEffort ? Word(reasoning.Effort) : null };
        }

        return thinking with
        {
            Thinking = Mode.Budget,
            Budget = budget.Value,
            Effort = model.TakesEffort ? Word(reasoning.Effort) : null,
            MaxTokens = request.MaxTokens ?? budget.Value + upstream.DefaultMaxTokens,
        };
    }

    public void Write(Utf8JsonWriter writer)
    {
        if (Thinking == Mode.Untold)
        {
            return;
        }

        writer.WriteStartObject("thinking"u8);
        writer.WriteString("type"u8, Thinking switch
        {
            Mode.Disabled => "disabled",
            Mode.Adaptive => "adaptive",
            _ => "enabled",
        });
        if (Thinking == Mode.Budget)
        {
            writer.WriteNumber("budget_tokens"u8, Budget);
        }

        if (IncludeThoughts is { } include)
        {
            writer.WriteString("display"u8, include ? "summarized"u8 : "omitted"u8);
        }

        writer.WriteEndObject();
    }

    /// <returns>Null: no budget is written.</returns>
    private static int? Wanted(Reasoning reasoning, AnthropicModel model)
    {
        if (reasoning.BudgetTokens is { } tokens && model.TakesBudget)
        {
            return tokens >= LeastBudget ? tokens : throw new UntranslatableException(
                ChatField.Reasoning, null, $"asks for {tokens} tokens of thinking; Anthropic takes 0 or at least 1024");
        }

        if (model.TakesEffort)
        {
            return null;
        }

        // An effort for a model that takes budgets only; minimal has no budget of its own there. Thoughts that are
        // wished for without an effort get a medium one, and nothing at all stays the model's default.
        return reasoning.Effort is { } effort ? Math.Max(LeastBudget, effort.ToBudget())
            : reasoning.IncludeThoughts == true ? ReasoningEffort.Medium.ToBudget()
            : null;
    }

    private static string? Word(ReasoningEffort? effort) => effort switch
    {
        null => null,
        ReasoningEffort.Minimal or ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        _ => "max",
    };
}
