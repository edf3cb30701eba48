using System.Runtime.InteropServices;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking.Pacing;

/// <summary>Waits until a time of the run.</summary>
internal abstract class Pace : IAsyncDisposable
{
    /// <summary>
    /// Timers of .NET keep time to 1 ms, as late as 1.5; where it can be had, a thread that sleeps by the kernel's
    /// clock is late by 60 µs.
    /// </summary>
    /// <param name="cancellationToken">Ends all waits.</param>
    public static Pace For(TimeProvider time, CancellationToken cancellationToken) =>
        time == TimeProvider.System && OperatingSystem.IsLinux()
            ? new ThreadPace(cancellationToken)
            : new TimerPace(cancellationToken);

    /// <summary>Goes on as soon as it is due; where it goes on must not be held up for long.</summary>
    public abstract Task WaitUntilAsync(long due, RunClock clock);

    public abstract ValueTask DisposeAsync();
}

/// <summary>By the timers of the clock, simulated ones too.</summary>
internal sealed class TimerPace(CancellationToken cancellationToken) : Pace
{
    public override async Task WaitUntilAsync(long due, RunClock clock)
    {
        for (var left = due - clock.Now; left > 0; left = due - clock.Now)
        {
            // Timers count whole milliseconds, and zero would not wait at all.
            var milliseconds = Math.Ceiling((double)left / TimeSpan.TicksPerMillisecond);
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), clock.Time, cancellationToken);
        }
    }

    public override ValueTask DisposeAsync() => default;
}

/// <summary>
/// One thread that sleeps until the earliest time, and itself goes on with whoever waits: it sends the request, and is
/// back when the answer has to be waited for.
/// </summary>
internal sealed class ThreadPace : Pace
{
    /// <summary>The longest sleep that cannot be ended, so that an earlier time is not overslept by more.</summary>
    private const long LongestSleep = TimeSpan.TicksPerMillisecond / 2;

    private const long NanosecondsPerTick = 100;

    private readonly object _gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private readonly Thread _thread;
    private readonly CancellationTokenRegistration _cancelled;
    private RunClock? _clock;
    private bool _ended;

    public ThreadPace(CancellationToken cancellationToken)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "benchmark pace" };
        _thread.Start();
        _cancelled = cancellationToken.Register(End);
    }

    public override Task WaitUntilAsync(long due, RunClock clock)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return Task.FromCanceled(new CancellationToken(canceled: true));
            }

            var turn = new TaskCompletionSource();
            _clock = clock;
            _waiting.Enqueue(turn, due);
            Monitor.Pulse(_gate);
            return turn.Task;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        End();
        // Who disposes may have been called by the thread itself, which cannot wait for its own end.
        await Task.Yield();
        _thread.Join();
        await _cancelled.DisposeAsync();
    }

    private void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } turn)
        {
            turn.SetResult();
        }

        // Nobody is added after the end.
        while (_waiting.TryDequeue(out var turn, out _))
        {
            turn.SetCanceled();
        }
    }

    /// <summary>Sleeps until one is due; null at the end.</summary>
    private TaskCompletionSource? Next()
    {
        while (true)
        {
            long left;
            lock (_gate)
            {
                while (!_ended && _waiting.Count == 0)
                {
                    Monitor.Wait(_gate);
                }

                if (_ended)
                {
                    return null;
                }

                _waiting.TryPeek(out _, out var due);
                left = due - _clock!.Now;
                if (left <= 0)
                {
                    return _waiting.Dequeue();
                }

                if (left > 3 * TimeSpan.TicksPerMillisecond)
                {
                    Monitor.Wait(_gate, (int)(left / TimeSpan.TicksPerMillisecond) - 2);
                    continue;
                }
            }

            var sleep = new Interval(0, (nint)(Math.Min(left, LongestSleep) * NanosecondsPerTick));
            _ = Sleep(in sleep, 0);
        }
    }

    // POSIX: struct timespec { time_t tv_sec; long tv_nsec; }, both as wide as a pointer here.
    [DllImport("libc", EntryPoint = "nanosleep")]
    private static extern int Sleep(in Interval wanted, nint left);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Interval(nint Seconds, nint Nanoseconds);
}
