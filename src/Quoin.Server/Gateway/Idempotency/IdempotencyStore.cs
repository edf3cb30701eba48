using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>
/// Keys and their answers. The first request with a key leads; others with the same body wait for its answer or are
/// given it. A leader that ends without an answer to keep frees the key, and of those who waited one leads.
/// </summary>
internal sealed class IdempotencyStore(Func<IdempotencyOptions> options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IdempotencyName, IdempotencyEntry> _entries = [];

    /// <summary>Entries with an answer, the oldest first.</summary>
    private readonly LinkedList<IdempotencyEntry> _kept = new();

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _kept.Count;
            }
        }
    }

    public long Bytes { get; private set; }

    /// <summary>The entry of a name, made now where <paramref name="leads"/>.</summary>
    public IdempotencyEntry Enter(IdempotencyName name, string fingerprint, out bool leads)
    {
        lock (_lock)
        {
            Trim();
            leads = !_entries.TryGetValue(name, out var entry);
            if (entry is null)
            {
                entry = new IdempotencyEntry(name, fingerprint);
                _entries.Add(name, entry);
            }

            return entry;
        }
    }

    /// <summary>The leader has an answer that every later request shall have too.</summary>
    public void Keep(IdempotencyEntry entry, RecordedAnswer answer)
    {
        lock (_lock)
        {
            entry.Size = answer.Bytes + IdempotencyLimits.EntryBytes;
            entry.Expires = time.GetUtcNow() + options().Retention;
            Bytes += entry.Size;
            _kept.AddLast(entry);
            Trim();
        }

        entry.Completion.TrySetResult(answer);
    }

    /// <summary>The leader has none.</summary>
    public void Drop(IdempotencyEntry entry)
    {
        lock (_lock)
        {
            _entries.Remove(entry.Name);
        }

        entry.Completion.TrySetResult(null);
    }

    private void Trim()
    {
        var (now, limits) = (time.GetUtcNow(), options());
        while (_kept.First is { Value: var oldest }
            && (oldest.Expires <= now || _kept.Count > limits.MaxEntries || Bytes > limits.MaxBytes))
        {
            _kept.RemoveFirst();
            _entries.Remove(oldest.Name);
            Bytes -= oldest.Size;
        }
    }
}

internal sealed class IdempotencyEntry(IdempotencyName name, string fingerprint)
{
    public IdempotencyName Name => name;

    /// <summary>Of the request that leads; another's must be the same.</summary>
    public string Fingerprint => fingerprint;

    /// <summary>Its answer; null when there is none to keep.</summary>
    public TaskCompletionSource<RecordedAnswer?> Completion { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Size { get; set; }

    public DateTimeOffset Expires { get; set; }
}
