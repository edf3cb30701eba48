using System.Text.Json;

namespace Quoin.Server.Gateway.Conversation;

/// <summary>
/// What a client asks of a chat model, in no dialect. A dialect's request reader makes it, another dialect's
/// request writer spells it out again. What a dialect cannot say is refused with the name of the client's own
/// field (see <see cref="ChatField"/> and <see cref="Part.Path"/>), never dropped.
/// </summary>
internal sealed record ChatRequest
{
    /// <summary>Model name as the client wrote it; the route replaces it on the way out.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// The conversation in order. Leading <see cref="Role.System"/> turns are the instructions. Tool results are
    /// parts of <see cref="Role.User"/> turns, whatever the dialect calls them.
    /// </summary>
    public required IReadOnlyList<Turn> Turns { get; init; }

    public IReadOnlyList<Tool> Tools { get; init; } = [];

    /// <summary>Null: the model's default (auto where tools are given).</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>Null: the model's default. False: at most one tool call an answer.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Null: plain text.</summary>
    public OutputFormat? Output { get; init; }

    /// <summary>Upper bound of output tokens, reasoning included.</summary>
    public int? MaxTokens { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    public long? Seed { get; init; }

    /// <summary>Null: no log-probabilities. Otherwise 0..20 alternatives for each token.</summary>
    public int? TopLogProbs { get; init; }

    public Reasoning? Reasoning { get; init; }

    public bool Stream { get; init; }

    /// <summary>The client wants usage in its stream (only the openai-chat dialect asks for it).</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>
    /// The end user the client names, for abuse tracking. A hint: dropped where there is no place for it.
    /// </summary>
    public string? EndUser { get; init; }

    /// <summary>
    /// The parsed body that <see cref="JsonElement"/>s in this request point into; disposed after use.
    /// </summary>
    public IDisposable? Backing { get; init; }
}

/// <summary>
/// A function the model may call. <paramref name="Parameters"/> is a JSON Schema, or Undefined for none.
/// </summary>
/// <param name="Path">Where the client wrote it, for error messages, such as <c>tools[0]</c>.</param>
internal sealed record Tool(
    string Name, string? Description, JsonElement Parameters, bool? Strict = null, string Path = "tools");

internal enum ToolChoiceMode
{
    Auto,

    /// <summary>No tool may be called.</summary>
    None,

    /// <summary>Some tool must be called.</summary>
    Required,
}

/// <summary>
/// <paramref name="Allowed"/> narrows the tools that may be called; null means all of them. One name with
/// <see cref="ToolChoiceMode.Required"/> forces that tool.
/// </summary>
internal sealed record ToolChoice(ToolChoiceMode Mode, IReadOnlyList<string>? Allowed = null);

/// <summary>JSON output; <paramref name="Schema"/> is Undefined when any JSON object will do.</summary>
internal sealed record OutputFormat(
    JsonElement Schema, string? Name = null, string? Description = null, bool? Strict = null)
{
    public bool HasSchema => Schema.ValueKind != JsonValueKind.Undefined;
}

/// <summary>
/// How much a model shall think before it answers. Dialects state it as an effort or as a budget of tokens;
/// <see cref="ReasoningEffortExtensions"/> converts between the two.
/// </summary>
/// <param name="BudgetTokens">Null where the client named an effort, or left it to the model.</param>
/// <param name="IncludeThoughts">Whether the client wants to read the thoughts (or a summary of them); null:
/// default.</param>
internal sealed record Reasoning(ReasoningEffort? Effort, int? BudgetTokens = null, bool? IncludeThoughts = null);
