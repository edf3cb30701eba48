namespace Quoin.Server.Gateway.Relay;

/// <summary>Which bound ended an attempt.</summary>
internal enum AttemptPhase
{
    /// <summary>The whole call (<c>llm.timeout</c>).</summary>
    Total,

    /// <summary>An unstreamed answer while another candidate is left (<c>llm.attempt_timeout</c>).</summary>
    Attempt,

    /// <summary>Up to the first content of a stream (<c>llm.first_token_timeout</c>).</summary>
    FirstToken,

    /// <summary>Silence inside a stream (<c>llm.stall_timeout</c>).</summary>
    Stall,
}

/// <summary>
/// The time of one attempt: one token that is cancelled by the phase's limit, by the call's deadline, or by the
/// client's leaving where the policy is to cancel.
/// </summary>
internal sealed class AttemptClock : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _clientGone;
    private readonly long _deadline;
    private AttemptPhase _phase;

    /// <param name="deadline">Timestamp at which the whole call ends.</param>
    public AttemptClock(TimeProvider time, long deadline, CancellationToken clientGone)
    {
        _time = time;
        _deadline = deadline;
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _clientGone = clientGone.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>The phase in which the token was cancelled, unless the client left.</summary>
    public AttemptPhase Phase => _phase;

    /// <summary>
    /// Starts a phase: from now, at most <paramref name="limit"/>, and never beyond the call's deadline.
    /// </summary>
    public void Begin(AttemptPhase phase, TimeSpan limit)
    {
        var left = _time.GetElapsedTime(_time.GetTimestamp(), _deadline);
        (_phase, limit) = left < limit ? (AttemptPhase.Total, left) : (phase, limit);
        _source.CancelAfter(limit > TimeSpan.Zero ? limit : TimeSpan.Zero);
    }

    public void Dispose()
    {
        _clientGone.Dispose();
        _source.Dispose();
    }
}
