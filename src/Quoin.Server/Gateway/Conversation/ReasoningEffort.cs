namespace Quoin.Server.Gateway.Conversation;

internal enum ReasoningEffort
{
    None,
    Minimal,
    Low,
    Medium,
    High,
    Max,
}

/// <summary>
/// Effort to thinking budget and back. The budgets of low, medium and high are those that Google publishes for
/// its own OpenAI-compatible endpoint (1,024, 8,192 and 24,576 tokens); Anthropic's least budget is 1,024.
/// Converting an effort to a budget and back gives the same effort.
/// </summary>
internal static class ReasoningEffortExtensions
{
    public static int ToBudget(this ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => 0,
        ReasoningEffort.Minimal => 512,
        ReasoningEffort.Low => 1024,
        ReasoningEffort.Medium => 8192,
        ReasoningEffort.High => 24576,
        _ => 32768,
    };

    public static ReasoningEffort FromBudget(int budget) => budget switch
    {
        <= 0 => ReasoningEffort.None,
        < 1024 => ReasoningEffort.Minimal,
        < 4096 => ReasoningEffort.Low,
        < 16384 => ReasoningEffort.Medium,
        < 32768 => ReasoningEffort.High,
        _ => ReasoningEffort.Max,
    };
}
