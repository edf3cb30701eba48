using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Server.Gateway.Health;

/// <summary>
/// What live traffic and probes tell of one provider. Healthy until <c>failure_threshold</c> failures in a row to reach
/// it at all, by calls or probes; any answer, even an error, makes it healthy again. Errors it answers with are the
/// breaker's part, and weigh on its share of a group (<see cref="SuccessRate"/>). Outlives reloads.
/// </summary>
internal sealed class ProviderState(string name, long ticksPerSecond)
{
    /// <summary>Weight of the newest outcome: the last twenty or so decide.</summary>
    private const double Newest = 0.1;

    private readonly Lock _lock = new();
    private int _inFlight;
    private int _nextKey;
    private int _unreachable;
    private bool _unhealthy;
    private bool _drained;
    private double _successRate = 1;
    private long _lastCall;
    private long _lastAnswer;
    private LastError? _lastError;
    private Dictionary<string, KeyState> _keysByValue = new(StringComparer.Ordinal);

    public string Name => name;

    public LatencyAverage Latency { get; } = new(ticksPerSecond);

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Taken out of use by the operator.</summary>
    public bool Drained
    {
        get => Volatile.Read(ref _drained);
        set => Volatile.Write(ref _drained, value);
    }

    public bool Healthy => !Volatile.Read(ref _unhealthy);

    public double SuccessRate => Volatile.Read(ref _successRate);

    public LastError? LastError => Volatile.Read(ref _lastError);

    public long LastCall => Interlocked.Read(ref _lastCall);

    public long LastAnswer => Interlocked.Read(ref _lastAnswer);

    /// <summary>The states of the keys that the provider has now, in their order; others are forgotten.</summary>
    public KeyState[] KeysFor(IReadOnlyList<string> keys)
    {
        lock (_lock)
        {
            var kept = new Dictionary<string, KeyState>(StringComparer.Ordinal);
            foreach (var key in keys)
            {
                kept[key] = _keysByValue.TryGetValue(key, out var state) ? state : new KeyState();
            }

            _keysByValue = kept;
            return [.. keys.Select(key => kept[key])];
        }
    }

    /// <summary>Round robin over the keys: where to begin to look.</summary>
    public int NextKey(int count) => (int)((uint)Interlocked.Increment(ref _nextKey) % (uint)count);

    public void Begin(KeyState key, long now)
    {
        Interlocked.Increment(ref _inFlight);
        Interlocked.Exchange(ref _lastCall, now);
        key.Begin();
    }

    public void End(KeyState key)
    {
        Interlocked.Decrement(ref _inFlight);
        key.End();
    }

    /// <summary>It answered, well or not: it can be reached.</summary>
    public void Answered(long now)
    {
        Interlocked.Exchange(ref _lastAnswer, now);
        if (Volatile.Read(ref _unreachable) != 0 || Volatile.Read(ref _unhealthy))
        {
            lock (_lock)
            {
                _unreachable = 0;
                _unhealthy = false;
            }
        }
    }

    /// <summary>True when this made it unhealthy.</summary>
    public bool Unreachable(int threshold)
    {
        lock (_lock)
        {
            if (++_unreachable < threshold || _unhealthy)
            {
                return false;
            }

            _unhealthy = true;
            return true;
        }
    }

    /// <summary>Health checks are off: nothing would make it healthy again.</summary>
    public void AssumeHealthy() => Volatile.Write(ref _unhealthy, false);

    public void Count(bool success)
    {
        // A lost update among two at once changes the average by a tenth of one outcome.
        var rate = SuccessRate;
        if (!success || rate < 1)
        {
            rate += Newest * ((success ? 1 : 0) - rate);
            Volatile.Write(ref _successRate, rate > 0.9999 ? 1 : rate);
        }
    }

    public void Note(LastError error) => Volatile.Write(ref _lastError, error);

    /// <summary>The state of the key that fares best: what a call will find.</summary>
    public CircuitState Circuit
    {
        get
        {
            lock (_lock)
            {
                return _keysByValue.Count == 0
                    ? CircuitState.Closed
                    : _keysByValue.Values.Min(key => key.Breaker.State);
            }
        }
    }
}

/// <summary>A provider's latest failure, for the operator.</summary>
internal sealed record LastError(DateTimeOffset At, GatewayError Error);
