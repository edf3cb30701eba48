using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// A token bucket that starts full, exact in integers: it holds what was taken and has not come back yet, in units ×
/// ticks of a period. Of it <c>count</c> drains with each tick, a unit taken adds <c>period</c> ticks, and a full
/// period's worth fits. So no rounding adds up, and a change of the count keeps what was taken. Time that goes
/// backwards stands still.
/// </summary>
internal sealed class TokenBucket(long now)
{
    private readonly Lock _lock = new();
    private Int128 _taken;
    private long _at = now;
    private Rate _rate;
    private bool _gone;

    /// <summary>When it was last used, for eviction. Read without the lock: a little late does no harm.</summary>
    public long LastUsed => Volatile.Read(ref _at);

    /// <param name="cost">
    /// Units. More than fit take all there is of a full bucket: they wait, but not for ever. None are never refused.
    /// </param>
    public BucketState Take(Rate rate, long cost, long now, long frequency)
    {
        var (period, capacity) = Measure(rate, frequency);
        cost = Math.Min(cost, rate.Count);
        lock (_lock)
        {
            if (_gone)
            {
                return new BucketState(BucketAnswer.Gone, 0, 0, 0);
            }

            _rate = rate;
            Drain(rate, now);
            var after = _taken + ((Int128)cost * period);
            if (after > capacity && cost > 0)
            {
                return StateOf(BucketAnswer.Refused, rate, period, _taken, cost * (Int128)period);
            }

            _taken = after;
            return StateOf(BucketAnswer.Taken, rate, period, _taken, 0);
        }
    }

    /// <summary>
    /// Gives units back, or takes more without asking: what was used is used. What is owed has an end
    /// (<see cref="RateLimitLimits.MostPeriodsOwed"/>). False: the bucket was let go, another has its place.
    /// </summary>
    public bool Settle(Rate rate, long difference, long now, long frequency)
    {
        var (period, capacity) = Measure(rate, frequency);
        lock (_lock)
        {
            if (_gone)
            {
                return false;
            }

            _rate = rate;
            Drain(rate, now);
            _taken += (Int128)difference * period;
            _taken = Int128.Clamp(_taken, 0, capacity * RateLimitLimits.MostPeriodsOwed);
            return true;
        }
    }

    /// <summary>True: nobody may take from it any more. It was full, or shall go even so.</summary>
    public bool Retire(long now, bool even)
    {
        lock (_lock)
        {
            Drain(_rate, now);
            _gone |= even || _taken == 0;
            return _gone;
        }
    }

    /// <param name="wanted">What was refused; 0: nothing was.</param>
    public static BucketState StateOf(BucketAnswer answer, Rate rate, long period, Int128 taken, Int128 wanted)
    {
        var capacity = (Int128)rate.Count * period;
        var lacking = Int128.Max(taken + wanted - capacity, 0);
        return new BucketState(
            answer,
            (long)(Int128.Max(capacity - taken, 0) / period),
            answer == BucketAnswer.Refused ? Ticks(lacking, rate.Count) : 0,
            Ticks(taken, rate.Count));
    }

    private static (long Period, Int128 Capacity) Measure(Rate rate, long frequency)
    {
        var period = rate.Seconds * frequency;
        return (period, (Int128)rate.Count * period);
    }

    private void Drain(Rate rate, long now)
    {
        if (now > _at)
        {
            var drained = (Int128)(now - _at) * rate.Count;
            _taken = drained >= _taken ? 0 : _taken - drained;
            _at = now;
        }
    }

    // Rounded up: who comes a tick early is refused again.
    private static long Ticks(Int128 amount, long count) =>
        (long)Int128.Min((amount + count - 1) / count, long.MaxValue);
}

internal enum BucketAnswer
{
    Taken,
    Refused,

    /// <summary>The bucket was let go meanwhile: another has its place.</summary>
    Gone,
}

/// <param name="Left">Whole units that may be taken now.</param>
/// <param name="Wait">Ticks until what was refused may be taken.</param>
/// <param name="Full">Ticks until the bucket is full.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketState(BucketAnswer Answer, long Left, long Wait, long Full);
