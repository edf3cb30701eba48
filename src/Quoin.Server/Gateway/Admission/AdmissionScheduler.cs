using System.Diagnostics;

namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// Who runs and who waits. No clock, no lock, no tasks: timestamps are arguments, the owner keeps order.
/// 1. A free slot and nobody waiting: runs at once.
/// 2. Else it is estimated when it would start: those ahead of it, over the rate of the slots (limit / mean time
///    that a slot is held). Not in time: refused.
/// 3. A full queue pushes out the last waiter of the flow that has most, if that flow has more than the newcomer's.
/// 4. Slots go to the priority whose virtual time is least (start-time fair queueing: each grant moves it on by the
///    inverse of its weight), within it to the next flow of the ring, within that in order.
/// Whoever passes its time to start is never started.
/// </summary>
internal sealed class AdmissionScheduler(int limit, int capacity)
{
    /// <summary>Part of a new sample in the mean time that a slot is held: the last twenty or so count.</summary>
    private const double HoldWeight = 0.05;

    // The least common multiple of the weights, so that virtual time is whole numbers.
    private const long Stride = 16;

    private readonly PriorityClass[] _classes = [.. Priorities.Weights.Select(weight => new PriorityClass(weight))];
    private readonly PriorityQueue<Waiter, long> _deadlines = new();
    private long _virtualTime;
    private double _holdDeviation;

    public int Limit { get; set; } = limit;

    /// <summary>Waiters beyond it are refused; a smaller one sends nobody away who waits.</summary>
    public int Capacity { get; set; } = capacity;

    public int Running { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>Mean ticks that a slot is held; 0 until one was given back.</summary>
    public double MeanHold { get; private set; }

    /// <summary>
    /// Ticks within which 99 of 100 calls are done: the mean and five mean deviations (the idea is that of TCP's
    /// retransmission time, RFC 6298; of exponential times it is the 99th percentile). Who starts later than that
    /// before its deadline may have started for nothing, and in an overload all would: all wait as long as they may.
    /// </summary>
    public double LongHold => MeanHold + (5 * _holdDeviation);

    /// <summary>Timestamp at which <see cref="Expire"/> has something to do.</summary>
    public long NextDeadline
    {
        get
        {
            DropGone();
            return _deadlines.TryPeek(out _, out var due) ? due : long.MaxValue;
        }
    }

    /// <summary>Ticks in which the whole queue drains at the present rate; 0 when the rate is not known.</summary>
    public double DrainTicks => Waiting * MeanHold / Math.Max(Limit, 1);

    public int CountOf(Priority priority) => _classes[(int)priority].Count;

    public bool TryEnter()
    {
        if (Running >= Limit || Waiting > 0)
        {
            return false;
        }

        Running++;
        return true;
    }

    /// <summary>Null: it waits. <paramref name="pushedOut"/> had to leave for it.</summary>
    public Refusal? Enqueue(Waiter waiter, long now, out Waiter? pushedOut)
    {
        pushedOut = null;
        if (waiter.StartBy <= now || now + EstimateWait(waiter.Flow, waiter.Priority) > waiter.StartBy)
        {
            return Refusal.Late;
        }

        if (Waiting >= Capacity)
        {
            pushedOut = FindVictim(waiter);
            if (pushedOut is null)
            {
                return Refusal.Full;
            }

            Remove(pushedOut);
        }

        var own = _classes[(int)waiter.Priority];
        if (own.Count == 0)
        {
            // A class that was away gets nothing for the time it was.
            own.Pass = Math.Max(own.Pass, _virtualTime);
        }

        own.Add(waiter);
        _deadlines.Enqueue(waiter, waiter.StartBy);
        Waiting++;
        return null;
    }

    /// <summary>
    /// The latest start that leaves a call time for its answer. A call with little time keeps a quarter of it to wait:
    /// its answer may be a short one.
    /// </summary>
    public long LatestStart(long now, long deadline) =>
        deadline - (long)Math.Min(LongHold, (deadline - now) * 0.75);

    /// <summary>Ticks until a newcomer of that flow would start.</summary>
    public double EstimateWait(string flow, Priority priority)
    {
        var own = _classes[(int)priority];
        var before = own.CountOf(flow);

        // While its flow has its turns, each other flow has as many.
        var others = Math.Max(own.Flows - (before > 0 ? 1 : 0), 0);
        var ahead = before + Math.Min(own.Count - before, (long)others * (before + 1));
        var total = ahead;
        foreach (var other in _classes)
        {
            if (other != own)
            {
                total += Math.Min(other.Count, (((ahead + 1) * other.Weight) + own.Weight - 1) / own.Weight);
            }
        }

        return (total + 1) * MeanHold / Math.Max(Limit, 1);
    }

    /// <summary>Starts the next one, whose slot is taken with that; null when none may. Call Expire before.</summary>
    public Waiter? TryStart(long now)
    {
        if (Running >= Limit || Waiting == 0)
        {
            return null;
        }

        PriorityClass? next = null;
        foreach (var candidate in _classes)
        {
            if (candidate.Count > 0 && (next is null || candidate.Pass < next.Pass))
            {
                next = candidate;
            }
        }

        _virtualTime = next!.Pass;
        next.Pass += Stride / next.Weight;
        var waiter = next.Take();
        Debug.Assert(waiter.StartBy > now, "what has expired must be taken out first");
        Waiting--;
        Running++;
        return waiter;
    }

    /// <summary>A slot is given back after so many ticks.</summary>
    public void Complete(long held)
    {
        Debug.Assert(Running > 0, "a slot is given back twice");
        Running--;
        if (MeanHold == 0)
        {
            (MeanHold, _holdDeviation) = (held, held / 2.0);
            return;
        }

        _holdDeviation += HoldWeight * (Math.Abs(held - MeanHold) - _holdDeviation);
        MeanHold += HoldWeight * (held - MeanHold);
    }

    /// <summary>Takes out one whose time to start has passed; null when there is none (any more).</summary>
    public Waiter? Expire(long now)
    {
        if (NextDeadline > now)
        {
            return null;
        }

        var waiter = _deadlines.Dequeue();
        Remove(waiter);
        return waiter;
    }

    /// <summary>The one that has waited longest, of all; null when nobody waits. Looks at every waiter.</summary>
    public Waiter? Oldest()
    {
        Waiter? oldest = null;
        foreach (var (waiter, _) in _deadlines.UnorderedItems)
        {
            if (waiter.Place is not null && (oldest is null || waiter.Enqueued < oldest.Enqueued))
            {
                oldest = waiter;
            }
        }

        return oldest;
    }

    /// <summary>False when it does not wait any more.</summary>
    public bool Remove(Waiter waiter)
    {
        if (waiter.Place is null)
        {
            return false;
        }

        _classes[(int)waiter.Priority].Remove(waiter);
        Waiting--;
        return true;
    }

    /// <summary>
    /// Whom a newcomer may push out. A priority keeps the part of the queue that its weight gives it; what is beyond
    /// goes to higher ones, or to those below their part. Within its own priority only a flow that has more waiting.
    /// </summary>
    private Waiter? FindVictim(Waiter newcomer)
    {
        var own = _classes[(int)newcomer.Priority];
        for (var i = _classes.Length - 1; i >= 0; i--)
        {
            var other = _classes[i];
            if (other == own)
            {
                if (own.Count > 0 && own.Longest() is var (last, count) && count > own.CountOf(newcomer.Flow) + 1)
                {
                    return last;
                }
            }
            else if (other.Count > PartOf(other) && (i > (int)newcomer.Priority || own.Count < PartOf(own)))
            {
                return other.Longest().Last;
            }
        }

        return null;
    }

    private int PartOf(PriorityClass which) => Math.Max(Capacity * which.Weight / Priorities.Weights.Sum(), 1);

    private void DropGone()
    {
        while (_deadlines.TryPeek(out var first, out _) && first.Place is null)
        {
            _deadlines.Dequeue();
        }

        // Those that left before their time stay in the heap: swept before they are most of it.
        if (_deadlines.Count > 64 + (2 * Waiting))
        {
            var kept = _deadlines.UnorderedItems.Where(item => item.Element.Place is not null).ToArray();
            _deadlines.Clear();
            _deadlines.EnqueueRange(kept);
        }
    }
}

/// <summary>Why a request got no slot. The numbers index <see cref="AdmissionMetrics"/>.</summary>
internal enum Refusal
{
    /// <summary>As many wait as may.</summary>
    Full,

    /// <summary>It could not start in time.</summary>
    Late,

    /// <summary>It waited for as long as it may.</summary>
    Expired,

    /// <summary>It left a full queue to one of a caller that had fewer waiting, or of higher priority.</summary>
    PushedOut,

    /// <summary>Its client left while it waited.</summary>
    ClientGone,

    /// <summary>The server stops.</summary>
    Stopping,
}
