using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;

namespace Quoin.Server.Workers;

/// <summary>
/// Starts, watches and ends processes as <see cref="SupervisorCore"/> says. One loop owns the core: what happens
/// elsewhere is told to it as an event, and it does what comes out. Others see what it last published.
/// </summary>
internal sealed partial class Supervisor
{
    private readonly SupervisorPlan _plan;
    private readonly SupervisorCore _core;
    private readonly ListeningSockets _sockets;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<WorkerName, WorkerProcess> _processes = [];
    private readonly Dictionary<WorkerName, Task> _watches = [];
    private readonly PageSamples _gone = new();
    private readonly Lock _pages = new();

    // Few events a second and worker; a supervisor that is stopped for a while finds them all.
    private readonly Channel<Action> _events = Channel.CreateUnbounded<Action>();
    private WorkerProcess[] _running = [];

    public Supervisor(
        SupervisorPlan plan, ListeningSockets sockets, string folder, TimeProvider time, Random random, ILogger logger)
    {
        (_plan, _sockets, _folder, _time, _logger) = (plan, sockets, folder, time, logger);
        _core = new SupervisorCore(plan, time, random);
        Status = new SupervisorStatus(_core);
    }

    /// <summary>As of the last turn of the loop.</summary>
    public SupervisorStatus Status { get; private set; }

    /// <summary>Called once, when every slot has a worker for the first time.</summary>
    public Action? Started { get; set; }

    public static SupervisorPlan PlanOf(ServerOptions server) => new(
        WorkerCount.Of(server, Environment.ProcessorCount), server.WorkerTimeout, server.ShutdownTimeout,
        server.MaxRequests, server.MaxRequestsJitter);

    public void RestartAll() => Post(_core.RestartAll);

    public void Reload() => Post(() =>
    {
        foreach (var process in _processes.Values)
        {
            process.Tell(WorkerCommand.Reload);
        }
    });

    /// <summary>Until it is asked to stop, or the workers cannot start. Gives the code of the process.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        await using var stopping = stop.Register(() => Post(_core.Stop));
        using var timer = new PeriodicTimer(WorkerLimits.Tick, _time);
        while (true)
        {
            while (_events.Reader.TryRead(out var happened))
            {
                happened();
            }

            _core.Tick();
            while (_core.Actions.TryDequeue(out var action))
            {
                Do(action);
            }

            Status = new SupervisorStatus(_core);
            if (_core.IsWhole)
            {
                Started?.Invoke();
                Started = null;
            }

            if (_core.ExitCode is { } code)
            {
                await Task.WhenAll(_watches.Values);
                return code;
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>What all workers have counted, those that have ended included.</summary>
    public async Task<PageSamples> ReadPagesAsync(
        PageSamples own, bool sharedCache, CancellationToken cancellationToken)
    {
        var running = Volatile.Read(ref _running);
        await Task.WhenAll(running.Select(process => process.ReadPageAsync(_time, cancellationToken)));
        var all = new PageSamples(sharedCache);
        all.Add(own, gone: false);
        lock (_pages)
        {
            all.Add(_gone, gone: true);
            foreach (var process in Volatile.Read(ref _running))
            {
                if (process.Page is { } page)
                {
                    all.Add(page, gone: false);
                }
            }
        }

        return all;
    }

    private void Post(Action happened) => _events.Writer.TryWrite(happened);

    private void Do(WorkerAction action)
    {
        var name = action.Worker;
        switch (action.Step)
        {
            case WorkerStep.Start:
                Start(name);
                break;
            case WorkerStep.Serve:
                // It may have ended since.
                Log.Ready(_logger, name, _processes.GetValueOrDefault(name)?.Id ?? 0);
                if (name.Slot == 0)
                {
                    PointOwner(name);
                }

                break;
            case WorkerStep.Retire:
                Log.Retires(_logger, name);
                _processes.GetValueOrDefault(name)?.Tell(WorkerCommand.Retire);
                break;
            case WorkerStep.Stop:
                _processes.GetValueOrDefault(name)?.Tell(WorkerCommand.Stop);
                break;
            default:
                Log.Killed(_logger, name);
                _processes.GetValueOrDefault(name)?.Kill();
                break;
        }
    }

    private void Start(WorkerName name)
    {
        var identity = new WorkerIdentity(name, _sockets.DescriptorOf(name.Slot), _plan.Workers, _folder);
        try
        {
            var process = WorkerProcess.Start(identity, _sockets);
            _processes[name] = process;
            Publish();
            _watches[name] = WatchAsync(process);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or SocketException)
        {
            Log.NotStarted(_logger, name, e.Message);
            Post(() => _core.Exited(name, 1));
        }
    }

    private async Task WatchAsync(WorkerProcess process)
    {
        var poll = _plan.WorkerTimeout / 4 < WorkerLimits.Poll ? _plan.WorkerTimeout / 4 : WorkerLimits.Poll;
        var name = process.Name;
        var code = await process.WatchAsync(poll, requests => Post(() => _core.Heard(name, requests)), _time);
        Log.Ended(_logger, name, code);
        Post(() =>
        {
            lock (_pages)
            {
                _processes.Remove(name);
                Publish();
                if (process.Page is { } page)
                {
                    _gone.Add(page, gone: true);
                }
            }

            _watches.Remove(name);
            process.Dispose();
            _core.Exited(name, code);
        });
    }

    private void Publish() => Volatile.Write(ref _running, [.. _processes.Values]);

    /// <summary>In one step: whoever connects finds the old one or the new one.</summary>
    private void PointOwner(WorkerName name)
    {
        var link = WorkerIdentity.OwnerSocketOf(_folder);
        File.Delete(link + ".new");
        File.CreateSymbolicLink(link + ".new", WorkerIdentity.SocketOf(_folder, name));
        File.Move(link + ".new", link, overwrite: true);
    }

    private static partial class Log
    {
        [LoggerMessage(4300, LogLevel.Information, "Worker {Worker} is ready, process {Process}",
            EventName = nameof(Ready))]
        public static partial void Ready(ILogger logger, WorkerName worker, int process);

        [LoggerMessage(4301, LogLevel.Information, "Worker {Worker} is being replaced", EventName = nameof(Retires))]
        public static partial void Retires(ILogger logger, WorkerName worker);

        [LoggerMessage(4302, LogLevel.Warning, "Worker {Worker} did not answer, start or end in time and is killed",
            EventName = nameof(Killed))]
        public static partial void Killed(ILogger logger, WorkerName worker);

        [LoggerMessage(4303, LogLevel.Error, "Worker {Worker} cannot be started: {Reason}",
            EventName = nameof(NotStarted))]
        public static partial void NotStarted(ILogger logger, WorkerName worker, string reason);

        [LoggerMessage(4304, LogLevel.Information, "Worker {Worker} has ended with {Code}", EventName = nameof(Ended))]
        public static partial void Ended(ILogger logger, WorkerName worker, int code);
    }
}

/// <summary>What the metrics tell of the workers.</summary>
internal sealed class SupervisorStatus(SupervisorCore core)
{
    private readonly long[] _restarts = [.. Enum.GetValues<RestartReason>().Select(core.Restarts)];
    private readonly bool[] _up = [.. core.Slots.Select(core.IsUp)];

    public IEnumerable<(string[] Labels, double Value)> Up() => _up.Select((up, slot) => (
        new[] { slot.ToString(System.Globalization.CultureInfo.InvariantCulture) }, up ? 1.0 : 0.0));

    public IEnumerable<(string[] Labels, double Value)> Restarts() => _restarts.Select((count, reason) => (
        new[] { NameOf((RestartReason)reason) }, (double)count));

    private static string NameOf(RestartReason reason) => reason switch
    {
        RestartReason.Crash => "crash",
        RestartReason.Hung => "hung",
        RestartReason.Recycle => "recycle",
        _ => "restart",
    };
}
