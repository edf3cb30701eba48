using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Settle;

/// <summary>
/// The durations of a finished request, in clock ticks. A stream goes at the provider's pace from its request to
/// its end, so all of that is the provider's; of an unstreamed answer the provider's part ends when it is there.
/// What is left is the gateway's own.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct RequestTimes
{
    public RequestTimes(RequestRecord record, long finished)
    {
        Total = Math.Max(finished - record.Started, 0);
        if (record.ProviderStarted > 0)
        {
            var answered = record.ProviderAnswered > 0 && !record.Stream ? record.ProviderAnswered : finished;
            LastAttempt = Math.Max(answered - record.ProviderStarted, 0);
        }

        if (record is { Stream: true, ProviderAnswered: > 0 })
        {
            FirstEvent = Math.Max(record.ProviderAnswered - record.Started, 0);
        }

        Provider = LastAttempt + record.EarlierAttempts;
        Own = Math.Max(Total - Provider - record.Queued, 0);
    }

    public long Total { get; }

    /// <summary>At providers, all attempts together.</summary>
    public long Provider { get; }

    public long LastAttempt { get; }

    /// <summary>Neither at a provider nor waiting for a slot.</summary>
    public long Own { get; }

    /// <summary>From the request's start to the first content of a stream; 0 when there was none.</summary>
    public long FirstEvent { get; }
}
