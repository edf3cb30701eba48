using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Admission;

/// <summary>
/// The scheduler under a lock, with a timer for those whose time to start passes and a task for each that waits. A
/// request that finds a free slot and nobody waiting takes it without a task.
/// </summary>
internal sealed class AdmissionQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly AdmissionMetrics _metrics;
    private readonly ITimer _timer;
    private readonly long[] _waits = new long[AdmissionLimits.KeptWaits];
    private readonly AdmissionScheduler _scheduler = new(int.MaxValue, 1);
    private ConcurrencyController? _controller;
    private volatile bool _enabled;
    private bool _stopping;
    private long _wake = long.MaxValue;
    private long _admitted;

    public AdmissionQueue(TimeProvider time, AdmissionMetrics metrics, QueueOptions options)
    {
        (_time, _metrics) = (time, metrics);
        _timer = time.CreateTimer(
            static queue => ((AdmissionQueue)queue!).Wake(),
            this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Configure(options);
    }

    public bool Enabled => _enabled;

    /// <summary>Takes effect for those who wait too; nobody loses a place. Switched off, all who wait start.</summary>
    public void Configure(QueueOptions options)
    {
        lock (_lock)
        {
            _enabled = options.Enabled;
            _scheduler.Capacity = options.InitialSize;
            _controller = options is { Enabled: true, MaxConcurrency: 0 }
                ? _controller ?? new ConcurrencyController()
                : null;
            _scheduler.Limit = !options.Enabled ? int.MaxValue : _controller?.Limit ?? options.MaxConcurrency;
            Serve();
        }
    }

    /// <summary>Takes a slot that is free now, if nobody waits for one.</summary>
    public bool TryEnter(out Slot slot)
    {
        lock (_lock)
        {
            if (!_scheduler.TryEnter())
            {
                slot = default;
                return false;
            }

            slot = new Slot(_time.GetTimestamp());
            Admit(0);
            return true;
        }
    }

    /// <summary>Takes a slot, now or when it is the request's turn.</summary>
    /// <param name="maxWait">Timestamp up to which it waits at most.</param>
    /// <param name="deadline">Timestamp at which its answer must be there.</param>
    public async ValueTask<Entry> EnterAsync(
        string flow, Priority priority, long maxWait, long deadline, CancellationToken cancellationToken)
    {
        PendingRequest waiter;
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            ExpireDue(now);
            if (_scheduler.TryEnter())
            {
                Admit(0);
                return new Entry(new Slot(now));
            }

            waiter = new PendingRequest(
                flow, priority, now, Math.Min(maxWait, _scheduler.LatestStart(now, deadline)));
            Refusal? refusal = Refusal.Stopping;
            if (!_stopping)
            {
                refusal = _scheduler.Enqueue(waiter, now, out var pushedOut);
                (pushedOut as PendingRequest)?.Refuse(Refusal.PushedOut);
            }

            if (refusal is { } reason)
            {
                return Refused(reason);
            }

            WakeAtDeadline();
        }

        await using (cancellationToken.UnsafeRegister(
            static state =>
            {
                var (queue, waiter) = ((AdmissionQueue, PendingRequest))state!;
                queue.Leave(waiter);
            },
            (this, waiter)))
        {
            var refusal = await waiter.Turn;
            return refusal is { } reason ? Refused(reason) : new Entry(new Slot(waiter.Started));
        }
    }

    /// <summary>Gives a slot back.</summary>
    /// <param name="latency">Of the call, in comparable units; 0 when there is none to learn from.</param>
    public void Exit(Slot slot, LatencySeries series, double latency, bool pushedBack)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            var inUse = _scheduler.Running;
            _scheduler.Complete(now - slot.Started);
            if (_controller is { } controller)
            {
                if (pushedBack)
                {
                    controller.PushedBack(slot.Started, now);
                }
                else
                {
                    controller.Answered(series, latency, inUse);
                }

                _scheduler.Limit = controller.Limit;
            }

            Serve();
        }
    }

    /// <summary>The server stops: who waits is refused and can go elsewhere at once; who runs finishes.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopping = true;
            while (_scheduler.Oldest() is PendingRequest waiter)
            {
                _scheduler.Remove(waiter);
                waiter.Refuse(Refusal.Stopping);
            }
        }
    }

    public QueueReading Read()
    {
        lock (_lock)
        {
            var waits = _waits.AsSpan(0, (int)Math.Min(_admitted, _waits.Length)).ToArray();
            var oldest = _scheduler.Oldest() is { } waiter ? _time.GetElapsedTime(waiter.Enqueued) : TimeSpan.Zero;
            return new QueueReading(
                _enabled, _scheduler.Waiting, _scheduler.Capacity,
                [.. Enum.GetValues<Priority>().Select(_scheduler.CountOf)],
                _scheduler.Running, _enabled ? _scheduler.Limit : 0, _controller is not null, waits, oldest,
                _metrics.TotalAdmitted, [.. Enum.GetValues<Refusal>().Select(_metrics.TotalRefused)]);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Leave(PendingRequest waiter)
    {
        lock (_lock)
        {
            if (_scheduler.Remove(waiter))
            {
                waiter.Refuse(Refusal.ClientGone);
            }
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            _wake = long.MaxValue;
            ExpireDue(_time.GetTimestamp());
            WakeAtDeadline();
        }
    }

    private void Serve()
    {
        var now = _time.GetTimestamp();
        ExpireDue(now);
        while (_scheduler.TryStart(now) is PendingRequest waiter)
        {
            Admit(now - waiter.Enqueued);
            waiter.Start(now);
        }
    }

    private void ExpireDue(long now)
    {
        while (_scheduler.Expire(now) is PendingRequest waiter)
        {
            waiter.Refuse(Refusal.Expired);
        }
    }

    private void Admit(long waited)
    {
        _waits[_admitted++ % _waits.Length] = waited;
        _metrics.Admitted(waited);
    }

    private Entry Refused(Refusal reason)
    {
        _metrics.Refused(reason);
        lock (_lock)
        {
            var seconds = _scheduler.DrainTicks / _time.TimestampFrequency;
            var (least, most) = (AdmissionLimits.LeastRetryAfter, AdmissionLimits.MostRetryAfter);
            return new Entry(reason, TimeSpan.FromSeconds(Math.Clamp(seconds, least.TotalSeconds, most.TotalSeconds)));
        }
    }

    private void WakeAtDeadline()
    {
        var due = _scheduler.NextDeadline;
        if (due >= _wake)
        {
            return;
        }

        _wake = due;

        // Timers count whole milliseconds: rounded up, or it would fire before the time and look again.
        var wait = _time.GetElapsedTime(_time.GetTimestamp(), due).TotalMilliseconds;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(Math.Ceiling(wait), 0)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>A waiter with somebody behind it who is told.</summary>
    private sealed class PendingRequest(string flow, Priority priority, long enqueued, long startBy)
        : Waiter(flow, priority, enqueued, startBy)
    {
        private readonly TaskCompletionSource<Refusal?> _turn =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Null: it has a slot.</summary>
        public Task<Refusal?> Turn => _turn.Task;

        public long Started { get; private set; }

        public void Start(long now)
        {
            Started = now;
            _turn.SetResult(null);
        }

        public void Refuse(Refusal reason) => _turn.SetResult(reason);
    }
}

/// <summary>A slot that is held.</summary>
/// <param name="Started">Timestamp; 0: none is held.</param>
internal readonly record struct Slot(long Started);

/// <summary>A slot, or why there is none and when to come again.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Entry(Slot Slot, Refusal? Refusal, TimeSpan RetryAfter)
{
    public Entry(Slot slot)
        : this(slot, null, default)
    {
    }

    public Entry(Refusal refusal, TimeSpan retryAfter)
        : this(default, refusal, retryAfter)
    {
    }
}

/// <summary>The queue at one moment.</summary>
/// <param name="Waits">Ticks that the last admitted requests waited, in no order.</param>
/// <param name="Refused">By the number of <see cref="Refusal"/>.</param>
internal sealed record QueueReading(
    bool Enabled, int Length, int Capacity, int[] ByPriority, int InUse, int Limit, bool Adaptive, long[] Waits,
    TimeSpan Oldest, long Admitted, long[] Refused);
