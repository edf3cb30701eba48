using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Server.Gateway.Health;

/// <summary>Why a key is left aside.</summary>
internal enum AsideReason
{
    None,

    /// <summary>429: for as long as its Retry-After says.</summary>
    RateLimited,

    /// <summary>401, 402 or 403.</summary>
    Refused,
}

/// <summary>
/// What is known of one key of one provider: its breaker, how many calls are under way with it, and until when it is
/// left aside. A provider without a key has one all the same. Outlives reloads of the configuration.
/// </summary>
internal sealed class KeyState
{
    private int _inFlight;
    private long _asideUntil;
    private int _asideReason;

    public Breaker Breaker { get; } = new();

    public int InFlight => Volatile.Read(ref _inFlight);

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Leaves the key aside, or longer aside than it was.</summary>
    public void SetAside(long until, AsideReason reason)
    {
        Volatile.Write(ref _asideReason, (int)reason);
        var seen = Interlocked.Read(ref _asideUntil);
        while (seen < until)
        {
            var found = Interlocked.CompareExchange(ref _asideUntil, until, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    /// <summary>An answer came with this key: it is good again.</summary>
    public void TakeBack()
    {
        if (Interlocked.Read(ref _asideUntil) != 0)
        {
            Interlocked.Exchange(ref _asideUntil, 0);
        }
    }

    /// <summary>Until when, in ticks; 0 when it is not aside.</summary>
    public long AsideUntil(long now)
    {
        var until = Interlocked.Read(ref _asideUntil);
        return until > now ? until : 0;
    }

    public AsideReason ReasonAside(long now) =>
        AsideUntil(now) > 0 ? (AsideReason)Volatile.Read(ref _asideReason) : AsideReason.None;
}
