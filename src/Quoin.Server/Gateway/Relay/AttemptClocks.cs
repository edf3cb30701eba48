using System.Diagnostics;
using System.Runtime.InteropServices;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// The clocks of all attempts under one timer. A timer of its own for each attempt, set again at each event of a
/// stream, costs more than all else that is done for an event; here an event writes one number. The timer is set for
/// the earliest due time it was told of; when it fires, those that are due are cancelled and the earliest of the rest
/// is looked for. Due times mostly move away, so it fires about once in the shortest limit. Clocks are used again:
/// with their token's registrations they are the most of what an attempt would allocate.
/// </summary>
internal sealed class AttemptClocks : IDisposable
{
    /// <summary>Unused clocks kept in a stripe; each has about 200 bytes.</summary>
    private const int KeptClocks = 256;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _scheduling = new();
    private readonly Stripe[] _stripes;
    private long _wake = long.MaxValue;

    public AttemptClocks(TimeProvider time)
    {
        _time = time;
        _stripes = [.. Enumerable.Range(0, Stripes.Count).Select(_ => new Stripe())];
        _timer = time.CreateTimer(
            static clocks => ((AttemptClocks)clocks!).Sweep(),
            this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="deadline">Timestamp at which the whole call ends.</param>
    /// <param name="clientGone">Ends the attempt too.</param>
    public AttemptClock Rent(long deadline, CancellationToken clientGone)
    {
        var index = Stripes.Current;
        var stripe = _stripes[index];
        AttemptClock clock;
        lock (stripe.Lock)
        {
            clock = stripe.Unused.TryPop(out var unused) ? unused : new AttemptClock(this, index);
            clock.Index = stripe.Used.Count;
            stripe.Used.Add(clock);
        }

        clock.Start(deadline, clientGone);
        return clock;
    }

    public void Return(AttemptClock clock)
    {
        var stripe = _stripes[clock.Stripe];
        lock (stripe.Lock)
        {
            if (stripe.Remove(clock) && clock.TryReset() && stripe.Unused.Count < KeptClocks)
            {
                stripe.Unused.Push(clock);
            }
        }
    }

    /// <summary>The timestamp at which a time from now is over.</summary>
    public long After(TimeSpan limit) =>
        _time.GetTimestamp() + (long)(limit.TotalSeconds * _time.TimestampFrequency);

    /// <summary>Sees to it that the timer fires when that timestamp has come.</summary>
    public void WakeBy(long due)
    {
        if (due < Volatile.Read(ref _wake))
        {
            Schedule(due);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Schedule(long due)
    {
        lock (_scheduling)
        {
            if (due >= _wake)
            {
                return;
            }

            Volatile.Write(ref _wake, due);

            // Timers count whole milliseconds: rounded up, or it would fire before the time and look again.
            var wait = _time.GetElapsedTime(_time.GetTimestamp(), due).TotalMilliseconds;
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(Math.Ceiling(wait), 0)), Timeout.InfiniteTimeSpan);
        }
    }

    private void Sweep()
    {
        // First this, then the due times (a full fence): one that begins meanwhile is seen here or sees to itself.
        Interlocked.Exchange(ref _wake, long.MaxValue);
        var now = _time.GetTimestamp();
        var earliest = long.MaxValue;
        List<AttemptClock>? expired = null;
        foreach (var stripe in _stripes)
        {
            lock (stripe.Lock)
            {
                for (var i = stripe.Used.Count - 1; i >= 0; i--)
                {
                    var clock = stripe.Used[i];
                    var due = clock.Due;
                    if (due <= now)
                    {
                        stripe.Remove(clock);
                        (expired ??= []).Add(clock);
                    }
                    else
                    {
                        earliest = Math.Min(earliest, due);
                    }
                }
            }
        }

        WakeBy(earliest);
        foreach (var clock in CollectionsMarshal.AsSpan(expired))
        {
            clock.Expire();
        }
    }

    /// <summary>The clocks of one processor; a clock goes back to the stripe it came from.</summary>
    private sealed class Stripe
    {
        public Lock Lock { get; } = new();

        public List<AttemptClock> Used { get; } = [];

        public Stack<AttemptClock> Unused { get; } = new();

        /// <summary>False when it is no longer among those in use.</summary>
        public bool Remove(AttemptClock clock)
        {
            if (clock.Index < 0)
            {
                return false;
            }

            Debug.Assert(Used[clock.Index] == clock, "a clock is in use twice");
            var last = Used[^1];
            (Used[clock.Index], last.Index) = (last, clock.Index);
            Used.RemoveAt(Used.Count - 1);
            clock.Index = -1;
            return true;
        }
    }
}
