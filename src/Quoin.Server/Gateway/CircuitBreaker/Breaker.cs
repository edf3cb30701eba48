namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary>The numbers are those of the metric <c>quoin_circuit_breaker_state</c>.</summary>
internal enum CircuitState
{
    Closed = 0,
    HalfOpen = 1,
    Open = 2,
}

/// <summary>An admitted call: whose state it belongs to. Each is given back once, with its result.</summary>
/// <param name="Era">Which state of the breaker, counted from its beginning, admitted it.</param>
internal readonly record struct BreakerTicket(int Era);

/// <summary>
/// A circuit breaker without a clock: the time, in ticks, is an argument.
/// Closed: <c>failure_threshold</c> failures in a row, none of them <c>interval</c> or more after the first, open it.
/// Open: nothing is admitted for <c>timeout</c>; the first call after that finds it half-open. Half-open: as many calls
/// are under way or have succeeded as <c>max_requests</c>, no more; when all have succeeded it closes, when one fails
/// it opens again. A cancelled call gives its place back and says nothing. A result counts only in the era that
/// admitted the call: what began before the last change of state says nothing of the provider as it is now.
/// Era and state are one number, so that the closed path is one volatile read, before the call and after a success.
/// </summary>
internal sealed class Breaker
{
    private readonly Lock _lock = new();

    /// <summary>The era, and in its two lowest bits the state.</summary>
    private int _eraAndState;

    private int _failures;
    private long _firstFailure;
    private long _openUntil;
    private int _probing;
    private int _succeeded;

    /// <summary>Open stays open until a call comes, however long its time is over.</summary>
    public CircuitState State => StateOf(Volatile.Read(ref _eraAndState));

    /// <summary>Failures in a row while closed.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>The time from which on an open breaker admits a probe; 0 when it is not open.</summary>
    public long OpenUntil => State == CircuitState.Open ? Interlocked.Read(ref _openUntil) : 0;

    public bool TryEnter(long now, BreakerSettings settings, out BreakerTicket ticket)
    {
        var seen = Volatile.Read(ref _eraAndState);
        if (StateOf(seen) == CircuitState.Closed)
        {
            ticket = new BreakerTicket(seen >> 2);
            return true;
        }

        return TryProbe(now, settings, out ticket);
    }

    public void Succeed(BreakerTicket ticket, BreakerSettings settings)
    {
        var seen = Volatile.Read(ref _eraAndState);
        if (StateOf(seen) == CircuitState.Closed && Volatile.Read(ref _failures) == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (ticket.Era != Era)
            {
                return;
            }

            if (StateOf(_eraAndState) == CircuitState.Closed)
            {
                _failures = 0;
                return;
            }

            _probing--;
            if (++_succeeded >= settings.MaxRequests)
            {
                Enter(CircuitState.Closed);
            }
        }
    }

    /// <summary>True when this failure opened it.</summary>
    public bool Fail(BreakerTicket ticket, long now, BreakerSettings settings)
    {
        lock (_lock)
        {
            if (ticket.Era != Era || !settings.Enabled)
            {
                return false;
            }

            if (StateOf(_eraAndState) == CircuitState.Closed)
            {
                if (_failures == 0 || now - _firstFailure >= settings.Interval)
                {
                    (_failures, _firstFailure) = (0, now);
                }

                if (++_failures < settings.FailureThreshold)
                {
                    return false;
                }
            }

            _openUntil = now + settings.Timeout;
            Enter(CircuitState.Open);
            return true;
        }
    }

    /// <summary>The call ended without telling anything of the provider.</summary>
    public void Cancel(BreakerTicket ticket)
    {
        if (StateOf(Volatile.Read(ref _eraAndState)) == CircuitState.Closed)
        {
            return;
        }

        lock (_lock)
        {
            if (ticket.Era == Era && StateOf(_eraAndState) == CircuitState.HalfOpen)
            {
                _probing--;
            }
        }
    }

    /// <summary>
    /// Opens it on another's word, where it is closed: until then nothing is admitted. False where it is not closed.
    /// </summary>
    public bool Open(long until)
    {
        lock (_lock)
        {
            if (StateOf(_eraAndState) != CircuitState.Closed)
            {
                return false;
            }

            _openUntil = until;
            Enter(CircuitState.Open);
            return true;
        }
    }

    /// <summary>On another's word that the provider answers again: an open breaker admits a probe at once.</summary>
    public void MakeDue(long now)
    {
        lock (_lock)
        {
            if (StateOf(_eraAndState) == CircuitState.Open)
            {
                _openUntil = Math.Min(_openUntil, now);
            }
        }
    }

    private int Era => _eraAndState >> 2;

    private static CircuitState StateOf(int eraAndState) => (CircuitState)(eraAndState & 3);

    private bool TryProbe(long now, BreakerSettings settings, out BreakerTicket ticket)
    {
        lock (_lock)
        {
            ticket = default;
            if (!settings.Enabled)
            {
                // Switched off by a reload while it was open.
                Enter(CircuitState.Closed);
            }

            if (StateOf(_eraAndState) == CircuitState.Open)
            {
                if (now < _openUntil)
                {
                    return false;
                }

                Enter(CircuitState.HalfOpen);
            }

            if (StateOf(_eraAndState) == CircuitState.HalfOpen && _succeeded >= settings.MaxRequests)
            {
                // A reload asks for fewer probes than have succeeded.
                Enter(CircuitState.Closed);
            }

            if (StateOf(_eraAndState) == CircuitState.HalfOpen)
            {
                if (_probing + _succeeded >= settings.MaxRequests)
                {
                    return false;
                }

                _probing++;
            }

            ticket = new BreakerTicket(Era);
            return true;
        }
    }

    /// <summary>Begins a new era. Their number may wrap: no call outlasts half a billion of them.</summary>
    private void Enter(CircuitState state)
    {
        (_failures, _probing, _succeeded) = (0, 0, 0);
        Volatile.Write(ref _eraAndState, unchecked((Era + 1) << 2) | (int)state);
    }
}
