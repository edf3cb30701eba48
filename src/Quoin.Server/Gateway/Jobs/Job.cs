using Quoin.Server.Gateway.Idempotency;

namespace Quoin.Server.Gateway.Jobs;

internal enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

internal enum WebhookStatus
{
    None,
    Pending,
    Delivered,
    Failed,
}

/// <summary>A request as it was accepted: all that is needed to run it, without the caller's credentials.</summary>
internal sealed record JobRequest
{
    public required string Id { get; init; }

    public required string Tenant { get; init; }

    /// <summary>Name of the <see cref="WireApi"/>.</summary>
    public required string Api { get; init; }

    public required string Model { get; init; }

    /// <summary>The model in the path, for the dialect that has it there.</summary>
    public string? PathModel { get; init; }

    /// <summary>The route's template, such as <c>/v1/chat/completions</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The path as it was called.</summary>
    public required string Path { get; init; }

    public required string RequestId { get; init; }

    public required DateTimeOffset Created { get; init; }

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public string? IdempotencyKey { get; init; }

    /// <summary>Hash of the body as it was sent, where there is a key.</summary>
    public string? Fingerprint { get; init; }

    public string? Webhook { get; init; }

    /// <summary>The expired job that had the same idempotency key.</summary>
    public string? Replaces { get; init; }
}

/// <summary>One job as it is known to be on disk. Changed by records only (<see cref="JobTable"/>).</summary>
internal sealed record Job(JobRequest Request)
{
    public string Id => Request.Id;

    /// <summary>Empty once the job is final: nothing runs it again.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    public JobStatus Status { get; init; }

    /// <summary>Runs that have begun.</summary>
    public int Attempts { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public RecordedAnswer? Result { get; init; }

    public WebhookStatus Webhook { get; init; }

    public bool IsFinal => Status >= JobStatus.Succeeded;

    /// <summary>About what it takes.</summary>
    public long Bytes => Body.Length + (Result?.Bytes ?? 0) + JobLimits.JobBytes;
}

/// <summary>A job's place in the table: what it is now, who waits for it, and how to stop it.</summary>
#pragma warning disable CA1001 // A source that nothing times and nobody waits on by handle has nothing to dispose.
internal sealed class JobEntry(Job job)
{
    private readonly TaskCompletionSource _final = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abort = new();
    private Job _job = job;
    private int _claimed;
    private int _told;

    public Job Job
    {
        get => Volatile.Read(ref _job);
        set
        {
            Volatile.Write(ref _job, value);
            if (value.IsFinal)
            {
                _final.TrySetResult();
            }
        }
    }

    public Task Final => _final.Task;

    /// <summary>Cancelled when the job is: a running call is to end.</summary>
    public CancellationToken Aborted => _abort.Token;

    /// <summary>True once: for whoever runs it, now and after pauses.</summary>
    public bool TryClaim() => Interlocked.Exchange(ref _claimed, 1) == 0;

    /// <summary>True once: for whoever tells of the end.</summary>
    public bool TryTell() => Interlocked.Exchange(ref _told, 1) == 0;

    public Task AbortAsync() => _abort.CancelAsync();
}
