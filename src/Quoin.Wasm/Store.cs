using System.Diagnostics;
using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>
/// Instances that may share functions, memories, tables and globals, and what their calls may still use. One call runs
/// in a store at a time; a host function called by it may call back in. Disposing of the store gives its memories back
/// to the engine; one that is forgotten is collected as everything else.
/// </summary>
public sealed class Store : IDisposable
{
    // Compiled code reads and writes these.
    internal long Fuel;
    internal long FuelFloor;
    internal nuint StackLimit;
#pragma warning disable CS0649 // Never anything but zero; the compiler of machine code must not know.
    internal long Zero;
#pragma warning restore CS0649
    internal Value[] Returns = [];

    private readonly List<Memory> _memories = [];
    private int _thread;
    private int _depth;
    private int _instances;
    private readonly Lock _stopping = new();
    private long _call;
    private volatile StopReason _stopReason;

    /// <summary>Makes an empty store.</summary>
    public Store(Engine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        Engine = engine;
        HostArguments = new HostArgumentStack();
    }

    private enum StopReason
    {
        None,
        Deadline,
        Cancelled,
    }

    /// <summary>The engine.</summary>
    public Engine Engine { get; }

    /// <summary>The fuel that is left of the running call; after a call, of the last one. Never less than 0.</summary>
    public long FuelLeft => Math.Max(0, Fuel);

    internal HostArgumentStack HostArguments { get; }

    internal long HostCallsLeft { get; set; }

    internal long HostBytesLeft { get; set; }

    internal CancellationToken CancellationToken { get; private set; }

    internal bool IsDisposed { get; private set; }

    /// <summary>Gives the memories of all its instances back. Not while a call runs.</summary>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _thread, -1, 0) != 0)
        {
            if (IsDisposed)
                return;
            throw new InvalidOperationException("a call runs in the store");
        }

        IsDisposed = true;
        foreach (var memory in _memories)
            memory.Release();
        _memories.Clear();
    }

    internal void Own(Memory memory) => _memories.Add(memory);

    /// <summary>Counts an instance that is about to be made.</summary>
    internal void CountInstance()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (_instances >= Engine.Limits.Instances)
            throw new LinkException($"instances in a store: at most {Engine.Limits.Instances}");
        _instances++;
    }

    internal void ReserveReturns(int count)
    {
        if (Returns.Length < count)
            Returns = new Value[count];
    }

    /// <summary>Begins a call; disposing of what it answers ends it.</summary>
    internal Activity Enter(CallBudget budget, CancellationToken cancellationToken)
    {
        var thread = System.Environment.CurrentManagedThreadId;
        var running = Interlocked.CompareExchange(ref _thread, thread, 0);
        if (running == thread)
        {
            _depth++;
            return new Activity(this, null, default);
        }

        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (running != 0)
            throw new InvalidOperationException("another thread's call runs in the store");
        try
        {
            return Begin(budget, cancellationToken);
        }
        catch
        {
            Volatile.Write(ref _thread, 0);
            throw;
        }
    }

    /// <summary>What a program reads while it runs only its own thread may change.</summary>
    internal void ThrowIfRunsElsewhere()
    {
        var running = Volatile.Read(ref _thread);
        if (running > 0 && running != System.Environment.CurrentManagedThreadId)
            throw new InvalidOperationException("another thread's call runs in the store");
    }

    /// <summary>The program ended; if it used more than it had it is stopped all the same.</summary>
    internal void CheckFuelLeft()
    {
        if (Fuel < 0)
            throw new Trap(TrapKind.OutOfFuel, Trap.Text(TrapKind.OutOfFuel));
    }

    /// <summary>Which trap a program gets that found less fuel than the floor.</summary>
    internal TrapKind Interruption() => _stopReason switch
    {
        StopReason.Deadline => TrapKind.DeadlineExceeded,
        StopReason.Cancelled => TrapKind.Cancelled,
        _ => TrapKind.OutOfFuel,
    };

    /// <summary>Stops a program that runs in a host function, when it comes back.</summary>
    internal void ThrowIfStopped()
    {
        if (_stopReason != StopReason.None)
            throw new Trap(Interruption(), Trap.Text(Interruption()));
    }

    private Activity Begin(CallBudget budget, CancellationToken cancellationToken)
    {
        _depth = 1;
        _stopReason = StopReason.None;
        Fuel = Math.Clamp(budget.Fuel, 0, long.MaxValue / 2);
        Volatile.Write(ref FuelFloor, 0);
        StackLimit = ThreadStack.LimitFor(budget.StackBytes);
        HostCallsLeft = budget.HostCalls;
        HostBytesLeft = budget.HostBytes;
        CancellationToken = cancellationToken;
        ITimer? timer = null;
        if (budget.Deadline is { } deadline)
        {
            var call = _call;
            timer = Engine.Time.CreateTimer(
                _ => Stop(StopReason.Deadline, call), null,
                deadline < TimeSpan.Zero ? TimeSpan.Zero : deadline, Timeout.InfiniteTimeSpan);
        }

        var registration = cancellationToken.UnsafeRegister(
            static store => ((Store)store!).Stop(StopReason.Cancelled, ((Store)store!)._call), this);
        return new Activity(this, timer, registration);
    }

    /// <summary>From any thread: the program finds at its next check that it has less fuel than the floor.</summary>
    private void Stop(StopReason reason, long call)
    {
        // A timer may fire when its call has just ended; the next call is not meant.
        lock (_stopping)
        {
            if (call != _call)
                return;
            if (_stopReason == StopReason.None)
                _stopReason = reason;
            Volatile.Write(ref FuelFloor, long.MaxValue);
        }
    }

    private void Leave(ITimer? timer, CancellationTokenRegistration registration)
    {
        Debug.Assert(_depth > 0, "a call ended that never began");
        if (--_depth > 0)
            return;
        timer?.Dispose();
        registration.Dispose();
        lock (_stopping)
            _call++;
        HostArguments.Clear();
        CancellationToken = default;
        Volatile.Write(ref _thread, 0);
    }

    /// <summary>A running call.</summary>
    internal readonly ref struct Activity(Store store, ITimer? timer, CancellationTokenRegistration registration)
    {
        public void Dispose() => store.Leave(timer, registration);
    }
}
