using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Storage.Journal;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>What can be asked of jobs: accept, find, wait, cancel. Every change is a record of the journal.</summary>
internal sealed class JobDesk(JobTable table, JournalWriter journal, JobMetrics metrics, TimeProvider time)
{
    public JobTable Table => table;

    /// <summary>A job was accepted.</summary>
    public Action<JobEntry>? OnAccepted { get; set; }

    /// <summary>A job has come to its end.</summary>
    public Action<JobEntry>? OnFinal { get; set; }

    /// <summary>
    /// Puts the job on disk. With an idempotency key that has a job already, that job is the answer.
    /// </summary>
    public async Task<JobEntry> AcceptAsync(JobRequest request, ReadOnlyMemory<byte> body)
    {
        var bytes = body.Length + (long)JobLimits.JobBytes;
        if (!table.TryReserve(bytes))
        {
            metrics.Refused("full");
            throw Refused("jobs_full", "there are too many jobs (jobs.max_jobs, jobs.max_bytes)",
                JobLimits.RetryAfterFull);
        }

        try
        {
            var result = await journal.AppendAsync(
                (byte)JobRecordType.Accepted, JobRecords.Accepted(request, body.Span));
            if (result != JournalResult.Durable)
            {
                metrics.Refused(result == JournalResult.Full ? "disk_full" : "journal");
                throw Refused("jobs_unavailable", result switch
                {
                    JournalResult.Full => "the disk of the jobs is full",
                    JournalResult.Closed => "the server is shutting down",
                    _ => "the disk of the jobs fails",
                }, JobLimits.RetryAfterFault);
            }
        }
        finally
        {
            table.Release(bytes);
        }

        if (table.TryFind(request.Id, out var entry))
        {
            metrics.Accepted();
            OnAccepted?.Invoke(entry);
            return entry;
        }

        return request.IdempotencyKey is { } key
            && table.TryFind(new IdempotencyName(request.Tenant, request.Path, key), out var first, out _)
            ? first
            : throw Refused("jobs_unavailable", "the job was not kept", JobLimits.RetryAfterFault);
    }

    /// <summary>Null where the tenant has no such job.</summary>
    /// <param name="tenant">Null: the operator, who sees every tenant's.</param>
    public JobEntry? Find(string? tenant, string id) =>
        table.TryFind(id, out var entry) && (tenant is null || entry.Job.Request.Tenant == tenant) ? entry : null;

    /// <summary>Waits for the job's end, at most so long.</summary>
    public async Task WaitAsync(JobEntry entry, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await entry.Final.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The job is told as it is.
        }
    }

    /// <summary>Makes sure that the job is at its end, or tells why it cannot be.</summary>
    public async Task<JournalResult> CancelAsync(JobEntry entry)
    {
        if (entry.Job.IsFinal)
        {
            return JournalResult.Durable;
        }

        var result = await journal.AppendAsync(
            (byte)JobRecordType.Cancelled, JobRecords.Cancelled(entry.Job.Id, time.GetUtcNow()));
        if (result == JournalResult.Durable && entry.Job.Status == JobStatus.Cancelled)
        {
            await entry.AbortAsync();
            Ended(entry);
        }

        return result;
    }

    public async Task<JournalResult> StartAsync(JobEntry entry)
    {
        var result = await journal.AppendAsync(
            (byte)JobRecordType.Started,
            JobRecords.Started(entry.Job.Id, entry.Job.Attempts + 1, time.GetUtcNow()));
        if (result == JournalResult.Durable)
        {
            metrics.Run();
        }

        return result;
    }

    /// <summary>Publishes the result, unless the job has come to another end meanwhile.</summary>
    public async Task<JournalResult> FinishAsync(JobEntry entry, RecordedAnswer answer)
    {
        var result = await journal.AppendAsync(
            (byte)JobRecordType.Finished, JobRecords.Finished(entry.Job.Id, answer, time.GetUtcNow()));
        if (result == JournalResult.Durable && entry.Job.Status != JobStatus.Cancelled)
        {
            Ended(entry);
        }

        return result;
    }

    public Task<JournalResult> SettleWebhookAsync(JobEntry entry, bool delivered) => journal.AppendAsync(
        (byte)JobRecordType.WebhookSettled, JobRecords.WebhookSettled(entry.Job.Id, delivered));

    private void Ended(JobEntry entry)
    {
        if (entry.TryTell())
        {
            metrics.Finished(entry.Job);
            OnFinal?.Invoke(entry);
        }
    }

    private static GatewayException Refused(string code, string message, TimeSpan retryAfter) => new(
        new GatewayError(GatewayErrorKind.Overloaded, message) { Code = code, RetryAfter = retryAfter });
}
