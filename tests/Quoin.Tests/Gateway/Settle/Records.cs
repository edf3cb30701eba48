using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Tests.Gateway.Settle;

/// <summary>Requests as the gateway leaves them. A tick of the manual clock is 100 ns: 10,000 a millisecond.</summary>
internal static class Records
{
    public const long Millisecond = TimeSpan.TicksPerMillisecond;

    /// <summary>Unstreamed, 20 ms, of which the provider took 18.</summary>
    public static RequestRecord Answered(string model = "gpt-4o") => new()
    {
        RequestId = "req-1",
        TraceId = "0af7651916cd43dd8448eb211c80319c",
        Method = "POST",
        Endpoint = "/v1/chat/completions",
        Status = 200,
        Dialect = "openai-chat",
        Operation = Operation.Chat,
        RequestedModel = "fast",
        Provider = "main",
        ProviderType = "openai",
        Model = model,
        ResponseModel = model,
        Attempts = 1,
        Finish = FinishReason.Stop,
        Usage = new Usage { InputTokens = 100, OutputTokens = 11, CachedInputTokens = 60, ReasoningTokens = 3 },
        RequestBytes = 1000,
        ResponseBytes = 2000,
        Started = 10 * Millisecond,
        ProviderStarted = 11 * Millisecond,
        ProviderAnswered = 29 * Millisecond,
        Finished = 30 * Millisecond,
    };

    /// <summary>Streamed: first content after 50 ms, ten further tokens in a second.</summary>
    public static RequestRecord Streamed()
    {
        var record = Answered();
        record.Stream = true;
        record.StreamEvents = 12;
        record.ProviderAnswered = 60 * Millisecond;
        record.Finished = 1060 * Millisecond;
        return record;
    }

    public static RequestRecord Failed(GatewayErrorKind kind, string message = "it failed")
    {
        var record = Answered();
        record.Error = new GatewayError(kind, message);
        record.Status = record.Error.Status;
        record.Usage = null;
        record.Finish = null;
        return record;
    }
}
