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
/// client's leaving where the policy is to cancel. Rented from <see cref="AttemptClocks"/>.
/// </summary>
internal sealed class AttemptClock(AttemptClocks owner, int stripe) : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private CancellationTokenRegistration _clientGone;
    private long _deadline;
    private long _due = long.MaxValue;

    public CancellationToken Token => _source.Token;

    /// <summary>The phase in which the token was cancelled, unless the client left.</summary>
    public AttemptPhase Phase { get; private set; }

    /// <summary>Timestamp at which the token is to be cancelled.</summary>
    public long Due => Volatile.Read(ref _due);

    public int Stripe => stripe;

    /// <summary>Its place among the clocks in use; the owner's.</summary>
    public int Index { get; set; }

    /// <summary>
    /// Starts a phase: from now, at most <paramref name="limit"/>, and never beyond the call's deadline.
    /// </summary>
    public void Begin(AttemptPhase phase, TimeSpan limit)
    {
        var due = owner.After(limit);
        (Phase, due) = _deadline < due ? (AttemptPhase.Total, _deadline) : (phase, due);

        // A full fence: the due time is to be seen by whoever looks for the earliest before we look at the timer.
        Interlocked.Exchange(ref _due, due);
        owner.WakeBy(due);
    }

    public void Dispose()
    {
        _clientGone.Dispose();
        owner.Return(this);
    }

    public void Start(long deadline, CancellationToken clientGone)
    {
        _deadline = deadline;
        _clientGone = clientGone.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Called for a clock that is no longer among those in use: it is not used again.</summary>
    public void Expire() => _source.Cancel();

    /// <summary>True when it can serve another attempt.</summary>
    public bool TryReset()
    {
        _due = long.MaxValue;
        return _source.TryReset();
    }
}
