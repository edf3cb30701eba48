using System.Runtime.InteropServices;

namespace Quoin.Server.Workers;

/// <summary>What the supervisor shall do to a process.</summary>
internal enum WorkerStep
{
    Start,

    /// <summary>It is ready and has its slot from now on.</summary>
    Serve,

    /// <summary>To end what it has begun, and go: its successor has its slot, or waits for it.</summary>
    Retire,

    /// <summary>To go, as the whole server does.</summary>
    Stop,
    Kill,
}

/// <summary>Why a worker was replaced.</summary>
internal enum RestartReason
{
    Crash,
    Hung,
    Recycle,
    Restart,
}

[StructLayout(LayoutKind.Auto)]
internal readonly record struct WorkerAction(WorkerStep Step, WorkerName Worker);

/// <summary>The settings that the supervisor goes by.</summary>
internal sealed record SupervisorPlan(
    int Workers, TimeSpan WorkerTimeout, TimeSpan ShutdownTimeout, long MaxRequests, int MaxRequestsJitter)
{
    public TimeSpan StartTime =>
        WorkerTimeout > WorkerLimits.ShortestStart ? WorkerTimeout : WorkerLimits.ShortestStart;

    public TimeSpan LeavingTime => ShutdownTimeout + WorkerLimits.LeavingGrace;
}

/// <summary>
/// Keeps a worker in each slot. Events come in by its methods, what is to be done goes out in <see cref="Actions"/>;
/// it has neither processes nor a clock of its own.
/// 1. A worker that ends unasked is replaced after a pause that doubles; one that is silent for too long is killed.
/// 2. Replacing (a restart of all, a worker that served its requests) goes one slot at a time: the successor starts,
///    and when it is ready the old one goes. Slot 0 owns what must be one, so there the old one goes first.
/// 3. A slot that was never ready ends the whole: its configuration or the machine is at fault.
/// </summary>
internal sealed class SupervisorCore
{
    private readonly SupervisorPlan _plan;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Slot[] _slots;
    private readonly Dictionary<WorkerName, Worker> _workers = [];
    private readonly Queue<(Slot Slot, RestartReason Reason)> _due = new();
    private readonly long[] _restarts = new long[Enum.GetValues<RestartReason>().Length];
    private (Slot Slot, RestartReason Reason, Worker Old)? _replacing;
    private bool _stopping;
    private int _code;

    public SupervisorCore(SupervisorPlan plan, TimeProvider time, Random random)
    {
        (_plan, _time, _random) = (plan, time, random);
        _slots = [.. Enumerable.Range(0, plan.Workers).Select(number => new Slot(number))];
        foreach (var slot in _slots)
        {
            slot.Current = Start(slot);
        }
    }

    /// <summary>To be done in this order; who does it takes them out.</summary>
    public Queue<WorkerAction> Actions { get; } = new();

    /// <summary>All is over, with this code for the caller of the process.</summary>
    public int? ExitCode => _stopping && _workers.Count == 0 ? _code : null;

    /// <summary>Every slot has a worker that takes requests.</summary>
    public bool IsWhole => Array.TrueForAll(_slots, slot => slot.Current is { Ready: true });

    /// <summary>A restart of all, or a replacement, is under way or due.</summary>
    public bool IsReplacing => _replacing is not null || _due.Count > 0;

    public IEnumerable<int> Slots => Enumerable.Range(0, _slots.Length);

    public bool IsUp(int slot) => _slots[slot].Current is { Ready: true };

    public long Restarts(RestartReason reason) => _restarts[(int)reason];

    /// <summary>It answers. The first time, it is ready.</summary>
    /// <param name="requests">Those of clients that it has begun.</param>
    public void Heard(WorkerName name, long requests)
    {
        if (!_workers.TryGetValue(name, out var worker))
        {
            return;
        }

        var slot = _slots[name.Slot];
        worker.Heard = _time.GetTimestamp();
        if (!worker.Ready && !worker.Leaving)
        {
            BecomeReady(slot, worker);
        }

        if (worker == slot.Current && worker is { Leaving: false } && requests >= worker.MostRequests
            && Elapsed(slot.ReplaceAt) >= TimeSpan.Zero && !IsDue(slot) && !_stopping)
        {
            _due.Enqueue((slot, RestartReason.Recycle));
        }

        Advance();
    }

    public void Exited(WorkerName name, int code)
    {
        if (!_workers.Remove(name, out var worker))
        {
            return;
        }

        var slot = _slots[name.Slot];
        if (worker == slot.Next)
        {
            slot.Next = null;
            GiveUpReplacing(slot);
        }
        else if (worker == slot.Current)
        {
            slot.Current = null;
            Lost(slot, worker, code);
        }
        else if (_replacing?.Old == worker)
        {
            _replacing = null;
        }

        Advance();
    }

    /// <summary>Replaces all, the owner's slot last: a program that does not start is found before it counts.</summary>
    public void RestartAll()
    {
        for (var i = _slots.Length - 1; i >= 0 && !_stopping; i--)
        {
            if (!_due.Any(due => due.Slot == _slots[i] && due.Reason == RestartReason.Restart))
            {
                _due.Enqueue((_slots[i], RestartReason.Restart));
            }
        }

        Advance();
    }

    public void Stop() => StopAll(0);

    /// <summary>To be called often: what is late is found here.</summary>
    public void Tick()
    {
        foreach (var worker in _workers.Values)
        {
            var late = worker switch
            {
                { Leaving: true } => Elapsed(worker.Since) > _plan.LeavingTime,
                { Ready: false } => Elapsed(worker.Since) > _plan.StartTime,
                _ => Elapsed(worker.Heard) > _plan.WorkerTimeout,
            };
            if (late && !worker.Killed)
            {
                worker.Killed = true;
                Actions.Enqueue(new(WorkerStep.Kill, worker.Name));
            }
        }

        foreach (var slot in _slots)
        {
            if (slot.Current is { Ready: true } current && Elapsed(current.ReadySince) > WorkerLimits.Health)
            {
                slot.Pause = TimeSpan.Zero;
            }
        }

        Advance();
    }

    private void BecomeReady(Slot slot, Worker worker)
    {
        (worker.Ready, worker.ReadySince, slot.WasReady) = (true, worker.Heard, true);
        Actions.Enqueue(new(WorkerStep.Serve, worker.Name));
        if (worker == slot.Next)
        {
            var old = slot.Current;
            (slot.Current, slot.Next) = (worker, null);
            Count(slot);
            if (old is null || old.Leaving)
            {
                // It went by itself meanwhile.
                _replacing = null;
                return;
            }

            Leave(old, WorkerStep.Retire);
        }
        else if (_replacing is { } replacing && replacing.Slot == slot && !_workers.ContainsKey(replacing.Old.Name))
        {
            Count(slot);
            _replacing = null;
        }
    }

    private void Count(Slot slot)
    {
        if (_replacing is { } replacing && replacing.Slot == slot)
        {
            _restarts[(int)replacing.Reason]++;
        }
    }

    /// <summary>The worker of a slot has ended.</summary>
    private void Lost(Slot slot, Worker worker, int code)
    {
        if (_stopping)
        {
            return;
        }

        if (!slot.WasReady)
        {
            StopAll(code == 0 ? 1 : code);                                                          // 3
            return;
        }

        if (worker.Leaving)
        {
            // The owner's slot, whose successor was waiting for it.
            slot.StartAt = _time.GetTimestamp();
            return;
        }

        _restarts[(int)(worker.Killed ? RestartReason.Hung : RestartReason.Crash)]++;
        slot.StartAt = After(NextPause(slot));                                                      // 1
    }

    /// <summary>The successor did not start: the old one stays, and so do all that were to follow.</summary>
    private void GiveUpReplacing(Slot slot)
    {
        if (_replacing is { Reason: RestartReason.Restart })
        {
            _due.Clear();
        }

        slot.ReplaceAt = After(NextPause(slot));
        _replacing = null;
    }

    private void Advance()
    {
        if (_stopping)
        {
            return;
        }

        foreach (var slot in _slots)
        {
            if (slot is { Current: null, Next: null } && Elapsed(slot.StartAt) >= TimeSpan.Zero)
            {
                slot.Current = Start(slot);
            }
        }

        // One at a time, and none while another slot is without a worker.
        while (_replacing is null && IsWhole && _due.TryDequeue(out var due))                       // 2
        {
            var old = due.Slot.Current!;
            _replacing = (due.Slot, due.Reason, old);
            if (due.Slot.Number == 0)
            {
                Leave(old, WorkerStep.Retire);
            }
            else
            {
                due.Slot.Next = Start(due.Slot);
            }
        }
    }

    private Worker Start(Slot slot)
    {
        var name = new WorkerName(slot.Number, ++slot.Generation);
        var most = _plan.MaxRequests == 0
            ? long.MaxValue
            : _plan.MaxRequests + _random.NextInt64(_plan.MaxRequestsJitter + 1L);
        var worker = new Worker(name, most) { Since = _time.GetTimestamp() };
        _workers.Add(name, worker);
        Actions.Enqueue(new(WorkerStep.Start, name));
        return worker;
    }

    private void Leave(Worker worker, WorkerStep step)
    {
        (worker.Leaving, worker.Since) = (true, _time.GetTimestamp());
        Actions.Enqueue(new(step, worker.Name));
    }

    private void StopAll(int code)
    {
        if (_stopping)
        {
            return;
        }

        (_stopping, _code, _replacing) = (true, code, null);
        _due.Clear();
        foreach (var worker in _workers.Values)
        {
            Leave(worker, WorkerStep.Stop);
        }
    }

    private static TimeSpan NextPause(Slot slot)
    {
        var pause = slot.Pause == TimeSpan.Zero ? WorkerLimits.FirstPause : slot.Pause * 2;
        slot.Pause = pause < WorkerLimits.LongestPause ? pause : WorkerLimits.LongestPause;
        return slot.Pause;
    }

    private bool IsDue(Slot slot) => _replacing?.Slot == slot || _due.Any(due => due.Slot == slot);

    private long After(TimeSpan pause) =>
        _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency);

    private TimeSpan Elapsed(long since) => _time.GetElapsedTime(since);

    private sealed class Slot(int number)
    {
        public int Number => number;

        public int Generation { get; set; }

        public Worker? Current { get; set; }

        /// <summary>The successor that is not ready yet.</summary>
        public Worker? Next { get; set; }

        public bool WasReady { get; set; }

        /// <summary>The last pause before a start; zero: all is well.</summary>
        public TimeSpan Pause { get; set; }

        public long StartAt { get; set; }

        /// <summary>Not recycled before: a successor did not start.</summary>
        public long ReplaceAt { get; set; }
    }

    private sealed class Worker(WorkerName name, long mostRequests)
    {
        public WorkerName Name => name;

        public long MostRequests => mostRequests;

        /// <summary>When it was started, or told to go.</summary>
        public long Since { get; set; }

        public long Heard { get; set; }

        public long ReadySince { get; set; }

        public bool Ready { get; set; }

        public bool Leaving { get; set; }

        public bool Killed { get; set; }
    }
}
