using System.Collections.Concurrent;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Failover;

namespace Quoin.Server.Gateway.Health;

/// <summary>Why a key is left aside.</summary>
internal enum AsideReason
{
    None,

    /// <summary>429: for as long as its Retry-After says, and for the model that was asked.</summary>
    RateLimited,

    /// <summary>401, 402 or 403.</summary>
    Refused,
}

/// <summary>
/// What is known of one key of one provider: its breaker, how many calls are under way with it, and until when it is
/// left aside: for all models if it was refused, for one if that has reached its rate limit, for providers limit each
/// model by itself. A provider without a key has one all the same. Outlives reloads of the configuration.
/// </summary>
internal sealed class KeyState
{
    private int _inFlight;
    private long _refusedUntil;

    /// <summary>Model to when it may be asked for again. Most keys never have one.</summary>
    private readonly ConcurrentDictionary<string, long> _limited = new(StringComparer.Ordinal);
    private int _hasLimited;

    public Breaker Breaker { get; } = new();

    public int InFlight => Volatile.Read(ref _inFlight);

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Leaves the key aside, or longer aside than it was.</summary>
    public void Refuse(long until) => Raise(ref _refusedUntil, until);

    /// <summary>Leaves the key aside for the model, or longer.</summary>
    public void Limit(string model, long until, long now)
    {
        if (_limited.Count >= FailoverLimits.LimitedModels)
        {
            Forget(now);
        }

        if (_limited.Count < FailoverLimits.LimitedModels || _limited.ContainsKey(model))
        {
            _limited.AddOrUpdate(model, until, (_, seen) => Math.Max(seen, until));
            Volatile.Write(ref _hasLimited, 1);
        }
    }

    /// <summary>An answer came with this key: it is good again, and has not reached the model's limit.</summary>
    public void TakeBack(string model)
    {
        if (Interlocked.Read(ref _refusedUntil) != 0)
        {
            Interlocked.Exchange(ref _refusedUntil, 0);
        }

        if (Volatile.Read(ref _hasLimited) != 0)
        {
            _limited.TryRemove(model, out _);
        }
    }

    /// <summary>Until when, in ticks; 0 when it is not aside.</summary>
    public long AsideUntil(long now, string model)
    {
        var until = Math.Max(
            Interlocked.Read(ref _refusedUntil),
            Volatile.Read(ref _hasLimited) != 0 ? _limited.GetValueOrDefault(model) : 0);
        return until > now ? until : 0;
    }

    public AsideReason ReasonAside(long now, string model) =>
        Interlocked.Read(ref _refusedUntil) > now ? AsideReason.Refused
        : AsideUntil(now, model) > 0 ? AsideReason.RateLimited
        : AsideReason.None;

    /// <summary>0 when it is not refused.</summary>
    public long RefusedUntil(long now) => Interlocked.Read(ref _refusedUntil) is var until && until > now ? until : 0;

    /// <summary>The models whose limit is reached, in the order of their names.</summary>
    public IReadOnlyList<(string Model, long Until)> Limited(long now) =>
    [
        .. _limited.Where(pair => pair.Value > now).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => (pair.Key, pair.Value)),
    ];

    private static void Raise(ref long value, long until)
    {
        var seen = Interlocked.Read(ref value);
        while (seen < until)
        {
            var found = Interlocked.CompareExchange(ref value, until, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    private void Forget(long now)
    {
        foreach (var pair in _limited)
        {
            if (pair.Value <= now)
            {
                _limited.TryRemove(pair);
            }
        }
    }
}
