using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Settle;

/// <summary>
/// What became of one request: filled by the gateway's stages, read once at the end by metrics and the log.
/// Times are <see cref="TimeProvider.GetTimestamp"/> ticks; 0 is "did not happen".
/// </summary>
internal sealed class RequestRecord
{
    public string RequestId { get; set; } = "";

    /// <summary>32 hex digits of the W3C trace id.</summary>
    public string TraceId { get; set; } = "";

    public TraceContext Trace { get; set; }

    public string Method { get; set; } = "";

    /// <summary>The route's template (<c>/v1/chat/completions</c>), never the raw path: a bounded label.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>Logged even where requests are not.</summary>
    public bool Logged { get; set; }

    public int Status { get; set; }

    public string? Dialect { get; set; }

    public Operation? Operation { get; set; }

    public bool Stream { get; set; }

    /// <summary>The model as the client wrote it. Unbounded: logged, never a label.</summary>
    public string? RequestedModel { get; set; }

    /// <summary>The entry of <c>models:</c> that chose the provider; null when none did. A label.</summary>
    public string? Route { get; set; }

    /// <summary>The provider that answered (or failed last).</summary>
    public string? Provider { get; set; }

    /// <summary>The provider's type, such as <c>anthropic</c>.</summary>
    public string? ProviderType { get; set; }

    /// <summary>The provider's name of the model. A label, capped in number.</summary>
    public string? Model { get; set; }

    /// <summary>The model name in the answer, where the provider told it.</summary>
    public string? ResponseModel { get; set; }

    /// <summary>How the cache served it: hit, stale, coalesced, miss, bypass; null where there is none.</summary>
    public string? Cache { get; set; }

    public int Attempts { get; set; }

    public bool Translated { get; set; }

    public FinishReason? Finish { get; set; }

    public Usage? Usage { get; set; }

    /// <summary>Null when the request succeeded.</summary>
    public GatewayError? Error { get; set; }

    /// <summary>The client left before the end (logged as 499).</summary>
    public bool ClientGone { get; set; }

    public long RequestBytes { get; set; }

    public long ResponseBytes { get; set; }

    public int StreamEvents { get; set; }

    public long Started { get; set; }

    /// <summary>Ticks spent waiting for a slot: a duration, not a point in time.</summary>
    public long Queued { get; set; }

    /// <summary>
    /// Ticks that earlier, failed attempts spent at their providers: a duration. Without it they would count as
    /// the gateway's own time.
    /// </summary>
    public long EarlierAttempts { get; set; }

    /// <summary>The last attempt was sent to the provider.</summary>
    public long ProviderStarted { get; set; }

    /// <summary>First content of a stream, or the whole unstreamed answer, came from the provider.</summary>
    public long ProviderAnswered { get; set; }

    public long Finished { get; set; }

    /// <summary>Prompt and answer, kept only when <c>logging.prompts</c> is on.</summary>
    public string? Prompt { get; set; }

    public string? Answer { get; set; }

    /// <summary>For an attempt beside another, whose notes must not mix.</summary>
    public RequestRecord Copy() => (RequestRecord)MemberwiseClone();

    /// <summary>Takes the notes of the attempt that answered, or failed last.</summary>
    public void TakeOver(RequestRecord attempt, int attempts)
    {
        (Provider, ProviderType, Model) = (attempt.Provider, attempt.ProviderType, attempt.Model);
        (ResponseModel, Translated) = (attempt.ResponseModel, attempt.Translated);
        (Finish, Usage, Error) = (attempt.Finish, attempt.Usage, attempt.Error);
        (ClientGone, Answer, Attempts) = (attempt.ClientGone, attempt.Answer, attempts);
        (ResponseBytes, StreamEvents) = (attempt.ResponseBytes, attempt.StreamEvents);
        EarlierAttempts = attempt.EarlierAttempts;
        (ProviderStarted, ProviderAnswered) = (attempt.ProviderStarted, attempt.ProviderAnswered);
    }
}
