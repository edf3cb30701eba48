using System.Net.Http.Headers;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Outbound;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Storage.Journal;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// Tells of jobs that have come to their end, to the URL that came with them: a signed POST of the job. Anything but a
/// 2xx is tried again after a growing pause, so many times; then, and when it is delivered, a record says so. A server
/// that stops leaves the rest to the next, so a receiver may be told twice, and goes by the job's id.
/// </summary>
internal sealed class JobWebhooks : IAsyncDisposable
{
    private readonly JobDesk _desk;
    private readonly Func<JobsOptions> _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly JobMetrics _metrics;
    private readonly ILogger _logger;
    private readonly HttpClient _client;
    private readonly Channel<(JobEntry Entry, int Call)> _due = Channel.CreateUnbounded<(JobEntry, int)>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _pauses = [];
    private Task _callers = Task.CompletedTask;

    public JobWebhooks(
        JobDesk desk, OutboundGuard guard, Func<JobsOptions> options, TimeProvider time, Random random,
        JobMetrics metrics, ILogger logger)
    {
        (_desk, _options, _time, _random, _metrics, _logger) = (desk, options, time, random, metrics, logger);
        _client = new HttpClient(guard.CreateHandler(JobLimits.WebhookTimeout))
        {
            // The call has its own limit, by the clock of the server.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        desk.OnFinal = Tell;
    }

    /// <summary>Begins with those that the server before this one did not come to.</summary>
    public void Start()
    {
        foreach (var entry in _desk.Table.All().Where(entry => entry.Job.IsFinal))
        {
            Tell(entry);
        }

        _callers = Task.WhenAll(Enumerable.Range(0, JobLimits.WebhooksAtOnce).Select(_ => Task.Run(CallAllAsync)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _callers;
        Task[] pauses;
        lock (_lock)
        {
            pauses = [.. _pauses];
        }

        await Task.WhenAll(pauses);
        _client.Dispose();
        _stopping.Dispose();
    }

    private void Tell(JobEntry entry)
    {
        if (entry.Job.Webhook == WebhookStatus.Pending)
        {
            _due.Writer.TryWrite((entry, 1));
        }
    }

    private async Task CallAllAsync()
    {
        try
        {
            await foreach (var (entry, call) in _due.Reader.ReadAllAsync(_stopping.Token))
            {
                await CallAsync(entry, call);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task CallAsync(JobEntry entry, int call)
    {
        try
        {
            var failure = await PostAsync(entry.Job);
            _metrics.Webhook(failure is null ? "delivered" : "failed");
            if (failure is not null)
            {
                JobLog.WebhookFailed(_logger, entry.Job.Id, failure, call, JobLimits.WebhookAttempts);
                if (call < JobLimits.WebhookAttempts)
                {
                    CallLater(entry, call);
                    return;
                }
            }

            while (await _desk.SettleWebhookAsync(entry, failure is null) is JournalResult.Full or JournalResult.Failed)
            {
                await Task.Delay(JobLimits.JournalPause, _time, _stopping.Token);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            JobLog.WebhookFaulted(_logger, e, entry.Job.Id);
        }
    }

    /// <summary>Null: delivered. Else why not.</summary>
    private async Task<string?> PostAsync(Job job)
    {
        if (_options().WebhookSecret is not { Length: > 0 } secret)
        {
            return "no secret is configured any more";
        }

        using var body = new PooledBuffer();
        JsonOutput.Write(body, job, static (w, j) => JobJson.Write(w, j, withResult: true));
        using var request = new HttpRequestMessage(HttpMethod.Post, job.Request.Webhook);
        request.Content = new ReadOnlyMemoryContent(body.WrittenMemory);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation(
            WebhookSignature.Header, WebhookSignature.Of(secret, _time.GetUtcNow(), body.WrittenSpan));
        request.Headers.TryAddWithoutValidation("X-Quoin-Job", job.Id);
        request.Headers.TryAddWithoutValidation("User-Agent", "quoin/" + Telemetry.Product.Version);
        using var limit = new CancellationTokenSource(JobLimits.WebhookTimeout, _time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
        try
        {
            // The answer's body is nobody's business, and could be endless: it is not read.
            using var response = await _client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, ending.Token);
            return response.IsSuccessStatusCode ? null : $"status {(int)response.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return e.InnerException is HttpRequestException inner ? inner.Message : e.Message;
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return $"no answer within {JobLimits.WebhookTimeout.TotalSeconds:0} s";
        }
    }

    private void CallLater(JobEntry entry, int call)
    {
        var pause = JobLimits.WebhookFirstPause.TotalSeconds * Math.Pow(4, call - 1);
        lock (_lock)
        {
            pause = Math.Min(pause, JobLimits.WebhookLongestPause.TotalSeconds) * (0.5 + (_random.NextDouble() / 2));
            _pauses.RemoveWhere(static done => done.IsCompleted);
            _pauses.Add(PauseAsync(entry, call + 1, TimeSpan.FromSeconds(pause)));
        }
    }

    private async Task PauseAsync(JobEntry entry, int call, TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stopping.Token);
            _due.Writer.TryWrite((entry, call));
        }
        catch (OperationCanceledException)
        {
            // The next server calls.
        }
    }
}
