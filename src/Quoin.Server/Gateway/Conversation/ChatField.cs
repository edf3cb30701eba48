namespace Quoin.Server.Gateway.Conversation;

/// <summary>
/// Fields of a chat request that some dialect cannot say. Each dialect tells its own name for them
/// (<see cref="Dialects.Dialect.FieldName"/>), so that a refusal speaks the client's language.
/// </summary>
internal enum ChatField
{
    Tools,
    ToolChoice,
    ParallelToolCalls,
    OutputFormat,
    MaxTokens,
    Stop,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Seed,
    LogProbs,
    Reasoning,
    Stream,
    Turns,
}
