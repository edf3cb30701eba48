namespace Quoin.Http.Benchmarking.Pacing;

/// <summary>Says when the next request is meant to start, in ticks of the run. For several threads.</summary>
internal abstract class Schedule
{
    protected Lock Gate { get; } = new();

    /// <summary>Requests that were to start and did not, because too many waited or the time was up.</summary>
    public virtual long Missed => 0;

    /// <summary>
    /// Takes the next request for a caller that has nothing under way; false when there is none any more.
    /// </summary>
    /// <param name="intended">Past: it is late by so much. Future: to be waited for.</param>
    public abstract bool TryTake(long now, out long intended);
}

/// <summary>A request starts when there is somebody to make it, until the number or the time is up.</summary>
internal sealed class ClosedLoop(long requests, long duration) : Schedule
{
    private long _left = requests;

    public override bool TryTake(long now, out long intended)
    {
        intended = now;
        lock (Gate)
        {
            return now < duration && _left-- > 0;
        }
    }
}

/// <summary>
/// Requests have their times before the run begins. One that falls due while nobody is free waits, and its time runs:
/// so a server that stalls is charged with all the requests that it kept from being sent, not only with those that
/// were under way. Nobody leaves the queue between two takes, so that it is enough to fill it at each.
/// </summary>
/// <param name="duration">None is due from then on.</param>
/// <param name="drain">How long behind the end those that wait are still sent.</param>
internal sealed class OpenLoop(Arrivals arrivals, long requests, long duration, long drain, int maxWaiting) : Schedule
{
    private readonly Queue<long> _waiting = new();
    private long _next = arrivals.Next();
    private long _left = requests;
    private long _missed;

    public override long Missed
    {
        get
        {
            lock (Gate)
            {
                return _missed + _waiting.Count;
            }
        }
    }

    public override bool TryTake(long now, out long intended)
    {
        lock (Gate)
        {
            while (HasNext && _next <= now)
            {
                if (_waiting.Count < maxWaiting)
                {
                    _waiting.Enqueue(_next);
                }
                else
                {
                    _missed++;
                }

                Advance();
            }

            var closed = duration < long.MaxValue - drain && now >= duration + drain;
            if (!closed && _waiting.TryDequeue(out intended))
            {
                return true;
            }

            intended = _next;
            if (closed || !HasNext)
            {
                return false;
            }

            Advance();
            return true;
        }
    }

    private bool HasNext => _left > 0 && _next < duration;

    private void Advance()
    {
        _left--;
        _next = arrivals.Next();
    }
}
