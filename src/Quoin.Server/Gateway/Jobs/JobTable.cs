using System.Diagnostics.CodeAnalysis;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Storage.Journal;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// All jobs, as the journal's records tell them. Each record means one thing whatever came before: the first with an
/// id or an idempotency key makes the job, the first that ends it ends it, and later ones change nothing; so two runs
/// of a job can never show two results, before a crash or after it. Written by the journal's writer, read by all.
/// </summary>
internal sealed class JobTable(Func<JobsOptions> options, TimeProvider time) : IJournalState
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JobEntry> _jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<IdempotencyName, JobEntry> _keys = [];
    private int _reserved;
    private long _reservedBytes;
    private long _garbage;

    public long Bytes { get; private set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Room for a job, given back by <see cref="Release"/> when it is in the table or will not be.</summary>
    public bool TryReserve(long bytes)
    {
        var limits = options();
        lock (_lock)
        {
            if (_jobs.Count + _reserved >= limits.MaxJobs || Bytes + _reservedBytes + bytes > limits.MaxBytes)
            {
                return false;
            }

            _reserved++;
            _reservedBytes += bytes;
            return true;
        }
    }

    public void Release(long bytes)
    {
        lock (_lock)
        {
            _reserved--;
            _reservedBytes -= bytes;
        }
    }

    public bool TryFind(string id, [NotNullWhen(true)] out JobEntry? entry)
    {
        lock (_lock)
        {
            return _jobs.TryGetValue(id, out entry) && !IsExpired(entry.Job);
        }
    }

    /// <param name="expired">The id of a job that has the name and is no longer kept.</param>
    public bool TryFind(IdempotencyName name, [NotNullWhen(true)] out JobEntry? entry, out string? expired)
    {
        lock (_lock)
        {
            var found = _keys.TryGetValue(name, out entry);
            expired = found && IsExpired(entry!.Job) ? entry.Job.Id : null;
            return found && expired is null;
        }
    }

    /// <summary>
    /// The newest jobs of a tenant (null: of all), those after a cursor: one more than the limit shows that there are
    /// more.
    /// </summary>
    public IReadOnlyList<Job> List(string? tenant, JobStatus? status, string? before, int limit)
    {
        var newest = new PriorityQueue<Job, string>(StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var job in _jobs.Values.Select(entry => entry.Job))
            {
                if ((tenant is null || job.Request.Tenant == tenant) && (status is null || job.Status == status)
                    && (before is null || string.CompareOrdinal(job.Id, before) < 0) && !IsExpired(job))
                {
                    newest.Enqueue(job, job.Id);
                    if (newest.Count > limit + 1)
                    {
                        newest.Dequeue();
                    }
                }
            }
        }

        var page = new List<Job>(newest.Count);
        while (newest.TryDequeue(out var job, out _))
        {
            page.Add(job);
        }

        page.Reverse();
        return page;
    }

    /// <summary>All entries, the oldest first.</summary>
    public IReadOnlyList<JobEntry> All()
    {
        lock (_lock)
        {
            return [.. _jobs.Values.OrderBy(entry => entry.Job.Id, StringComparer.Ordinal)];
        }
    }

    /// <summary>Jobs by status.</summary>
    public IReadOnlyList<int> Counts()
    {
        var counts = new int[Enum.GetValues<JobStatus>().Length];
        lock (_lock)
        {
            foreach (var entry in _jobs.Values)
            {
                counts[(int)entry.Job.Status]++;
            }
        }

        return counts;
    }

    public void Apply(byte type, ReadOnlyMemory<byte> payload)
    {
        if (!JobRecords.TryRead(payload, out var fields))
        {
            return;
        }

        lock (_lock)
        {
            if (type == (byte)JobRecordType.Accepted)
            {
                Accept(fields);
            }
            else if (_jobs.TryGetValue(fields.Id!, out var entry)
                && Next(entry.Job, (JobRecordType)type, fields) is { } next)
            {
                _garbage += Math.Max(entry.Job.Bytes - next.Bytes, 0);
                Bytes += next.Bytes - entry.Job.Bytes;
                entry.Job = next;
            }
        }
    }

    public long Sweep()
    {
        lock (_lock)
        {
            foreach (var entry in _jobs.Values.Where(entry => IsExpired(entry.Job)).ToArray())
            {
                _jobs.Remove(entry.Job.Id);
                if (NameOf(entry.Job.Request) is { } name && _keys.GetValueOrDefault(name) == entry)
                {
                    _keys.Remove(name);
                }

                Bytes -= entry.Job.Bytes;
                _garbage += entry.Job.Bytes;
            }

            var garbage = _garbage;
            _garbage = 0;
            return garbage;
        }
    }

    public IEnumerable<(byte Type, ReadOnlyMemory<byte> Payload)> Snapshot()
    {
        foreach (var job in All().Select(entry => entry.Job))
        {
            yield return Record(JobRecordType.Accepted, JobRecords.Accepted(job.Request, job.Body.Span));
            if (job.Started is { } started)
            {
                yield return Record(JobRecordType.Started, JobRecords.Started(job.Id, job.Attempts, started));
            }

            if (job is { Result: { } result, Finished: { } finished })
            {
                yield return Record(JobRecordType.Finished, JobRecords.Finished(job.Id, result, finished));
            }
            else if (job is { Status: JobStatus.Cancelled, Finished: { } cancelled })
            {
                yield return Record(JobRecordType.Cancelled, JobRecords.Cancelled(job.Id, cancelled));
            }

            if (job.Webhook is WebhookStatus.Delivered or WebhookStatus.Failed)
            {
                yield return Record(
                    JobRecordType.WebhookSettled,
                    JobRecords.WebhookSettled(job.Id, job.Webhook == WebhookStatus.Delivered));
            }
        }
    }

    private static (byte Type, ReadOnlyMemory<byte> Payload) Record(JobRecordType type, byte[] payload) =>
        ((byte)type, payload);

    private static IdempotencyName? NameOf(JobRequest request) =>
        request.IdempotencyKey is { } key ? new IdempotencyName(request.Tenant, request.Path, key) : null;

    private void Accept(JobRecordFields fields)
    {
        var request = fields.ToRequest();
        var name = NameOf(request);
        if (_jobs.ContainsKey(request.Id)
            || (name is not null && _keys.TryGetValue(name, out var same) && same.Job.Id != request.Replaces))
        {
            return;
        }

        var job = new Job(request)
        {
            Body = fields.Body,
            Webhook = request.Webhook is null ? WebhookStatus.None : WebhookStatus.Pending,
        };
        var entry = new JobEntry(job);
        _jobs.Add(job.Id, entry);
        Bytes += job.Bytes;
        if (name is not null)
        {
            _keys[name] = entry;
        }
    }

    /// <summary>What the record makes of the job; null: nothing.</summary>
    private static Job? Next(Job job, JobRecordType type, JobRecordFields fields) => type switch
    {
        JobRecordType.Started when !job.IsFinal => job with
        {
            Status = JobStatus.Running,
            Attempts = Math.Max(fields.Attempt, job.Attempts),
            Started = fields.Time,
        },
        JobRecordType.Finished when !job.IsFinal => job with
        {
            Status = fields.Status is >= 200 and < 300 ? JobStatus.Succeeded : JobStatus.Failed,
            Finished = fields.Time,
            Result = fields.ToAnswer(),
            Body = default,
        },
        JobRecordType.Cancelled when !job.IsFinal => job with
        {
            Status = JobStatus.Cancelled,
            Finished = fields.Time,
            Body = default,
        },
        JobRecordType.WebhookSettled when job.Webhook == WebhookStatus.Pending => job with
        {
            Webhook = fields.Delivered ? WebhookStatus.Delivered : WebhookStatus.Failed,
        },
        _ => null,
    };

    private bool IsExpired(Job job) =>
        job.Finished is { } finished && finished + options().Retention <= time.GetUtcNow();
}
