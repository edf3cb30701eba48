using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Storage.Journal;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// Runs jobs, so many at a time, the oldest first:
/// 1. Note on disk that a run begins, so that a job which takes the server down with it is not run for ever.
/// 2. Send its request through the gateway. A 429, 502 or 503 may be better after a pause, which grows.
/// 3. Publish the answer. While the journal does not take it, the answer is held, and the run not repeated.
/// A server that stops lets runs end in its time; what does not is run again by the next.
/// </summary>
internal sealed class JobRunner : IAsyncDisposable
{
    private readonly JobDesk _desk;
    private readonly RequestDelegate _handler;
    private readonly Func<JobsOptions> _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly Channel<JobEntry> _ready = Channel.CreateUnbounded<JobEntry>();

    /// <summary>A run has ended, or more are allowed; however often, it is one thing to look at.</summary>
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _tasks = [];
    private Task _dispatching = Task.CompletedTask;
    private int _running;

    /// <param name="handler">The gateway, from its edge on.</param>
    /// <param name="random">Spreads the pauses.</param>
    public JobRunner(
        JobDesk desk, RequestDelegate handler, Func<JobsOptions> options, TimeProvider time, Random random,
        ILogger logger)
    {
        (_desk, _handler, _options, _time, _random, _logger) = (desk, handler, options, time, random, logger);
        desk.OnAccepted = Enqueue;
    }

    /// <summary>Begins with the jobs that were accepted before the start.</summary>
    public void Start()
    {
        var left = _desk.Table.All().Where(entry => !entry.Job.IsFinal).ToList();
        foreach (var entry in left)
        {
            Enqueue(entry);
        }

        if (left.Count > 0)
        {
            JobLog.Resumed(_logger, left.Count);
        }

        _dispatching = Task.Run(DispatchAsync);
    }

    /// <summary>Begins no further run.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>More may run at once.</summary>
    public void OptionsChanged() => _changed.Writer.TryWrite(true);

    /// <summary>Waits for the runs under way, then ends them.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        await _dispatching;
        try
        {
            await Task.WhenAll(Tasks()).WaitAsync(patience, _time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            await _ending.CancelAsync();
            await Task.WhenAll(Tasks());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
        _ending.Dispose();
    }

    /// <summary>A job that comes with the start is seen twice, in the table and as accepted; it is run once.</summary>
    private void Enqueue(JobEntry entry)
    {
        if (entry.TryClaim())
        {
            _ready.Writer.TryWrite(entry);
        }
    }

    private Task[] Tasks()
    {
        lock (_lock)
        {
            return [.. _tasks];
        }
    }

    private async Task DispatchAsync()
    {
        try
        {
            while (true)
            {
                while (Volatile.Read(ref _running) >= _options().MaxConcurrency)
                {
                    await _changed.Reader.ReadAsync(_stopping.Token);
                }

                var entry = await _ready.Reader.ReadAsync(_stopping.Token);
                if (!entry.Job.IsFinal)
                {
                    Interlocked.Increment(ref _running);
                    Track(RunAndReleaseAsync(entry));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            JobLog.Died(_logger, e);
        }
    }

    private void Track(Task task)
    {
        lock (_lock)
        {
            _tasks.RemoveWhere(static done => done.IsCompleted);
            _tasks.Add(task);
        }
    }

    private async Task RunAndReleaseAsync(JobEntry entry)
    {
        try
        {
            await Task.Yield();
            if (await RunAsync(entry) is { } pause)
            {
                Track(EnqueueLaterAsync(entry, pause));
            }
        }
        catch (Exception e)
        {
            JobLog.Faulted(_logger, e, entry.Job.Id);
            Track(EnqueueLaterAsync(entry, JobLimits.LongestPause));
        }
        finally
        {
            Interlocked.Decrement(ref _running);
            _changed.Writer.TryWrite(true);
        }
    }

    private async Task EnqueueLaterAsync(JobEntry entry, TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stopping.Token);
            _ready.Writer.TryWrite(entry);
        }
        catch (OperationCanceledException)
        {
            // The next server runs it.
        }
    }

    /// <summary>Null: nothing more to do here. Else run it again after so long.</summary>
    private async Task<TimeSpan?> RunAsync(JobEntry entry)
    {
        if (entry.Job.Attempts >= _options().MaxAttempts)
        {
            await PublishAsync(entry, GaveUp(entry.Job));
            return null;
        }

        switch (await _desk.StartAsync(entry))                                                   // 1
        {
            case JournalResult.Durable:
                break;
            case JournalResult.Closed:
                return null;
            default:
                return JobLimits.JournalPause;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, entry.Aborted);
        using var exchange = JobExchange.Of(entry.Job, ending.Token);
        var answer = exchange is null ? null : await exchange.RunAsync(_handler);                // 2
        if (ending.IsCancellationRequested)
        {
            // Cancelled, or for the next server: there is no answer, or nobody wants it.
            return null;
        }

        if (answer is { Status: 429 or 502 or 503 } && entry.Job.Attempts < _options().MaxAttempts)
        {
            return PauseAfter(entry.Job.Attempts, exchange!.RetryAfter);
        }

        await PublishAsync(entry, answer ?? NoAnswer(entry.Job));                                // 3
        return null;
    }

    private async Task PublishAsync(JobEntry entry, RecordedAnswer answer)
    {
        while (await _desk.FinishAsync(entry, answer) is JournalResult.Full or JournalResult.Failed)
        {
            try
            {
                await Task.Delay(JobLimits.JournalPause, _time, _ending.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private TimeSpan PauseAfter(int attempts, string? retryAfter)
    {
        var pause = Math.Min(
            JobLimits.FirstPause.TotalSeconds * Math.Pow(2, attempts - 1), JobLimits.LongestPause.TotalSeconds);
        double jitter;
        lock (_lock)
        {
            jitter = 0.5 + (_random.NextDouble() / 2);
        }

        var told = double.TryParse(retryAfter, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? Math.Min(seconds, JobLimits.LongestPause.TotalSeconds)
            : 0;
        return TimeSpan.FromSeconds(Math.Max(pause * jitter, told));
    }

    private static RecordedAnswer GaveUp(Job job) => Error(job, new GatewayError(
        GatewayErrorKind.Internal, $"given up after {job.Attempts} runs, of which none came to an end")
    { Code = "job_given_up" });

    private static RecordedAnswer NoAnswer(Job job) => Error(job, new GatewayError(
        GatewayErrorKind.BadGateway, "the answer was cut, or is longer than can be kept")
    { Code = "job_answer_lost" });

    /// <summary>As the pipeline would have told it.</summary>
    private static RecordedAnswer Error(Job job, GatewayError error)
    {
        var dialect = Enum.TryParse<WireApi>(job.Request.Api, out var api)
            ? WireApis.DialectOf(api)
            : DialectTable.OpenAIChat;
        using var body = new PooledBuffer(1024);
        dialect.WriteError(error, job.Request.RequestId, body);
        return new RecordedAnswer(error.Status, [("Content-Type", "application/json")], body.WrittenMemory.ToArray());
    }
}
