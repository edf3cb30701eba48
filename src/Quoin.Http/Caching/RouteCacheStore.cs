using Microsoft.AspNetCore.OutputCaching;

namespace Quoin.Http.Caching;

/// <summary>
/// Answers of routes in memory, bounded in bytes: the oldest go first. The clock is the app's, so that it can be
/// simulated.
/// </summary>
internal sealed class RouteCacheStore(TimeProvider time, long mostBytes) : IOutputCacheStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>In the order in which they were kept; may name what has gone.</summary>
    private readonly Queue<(string Key, long Number)> _order = new();
    private long _bytes;
    private long _number;

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                return ValueTask.FromResult<byte[]?>(null);
            }

            if (time.GetUtcNow() < entry.Expires)
            {
                return ValueTask.FromResult<byte[]?>(entry.Value);
            }

            Remove(key, entry);
            return ValueTask.FromResult<byte[]?>(null);
        }
    }

    public ValueTask SetAsync(
        string key, byte[] value, string[]? tags, TimeSpan validFor, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var old))
            {
                Remove(key, old);
            }

            var entry = new Entry(value, time.GetUtcNow() + validFor, ++_number, tags ?? []);
            if (entry.Size(key) <= mostBytes)
            {
                _entries.Add(key, entry);
                _order.Enqueue((key, entry.Number));
                _bytes += entry.Size(key);
            }

            while (_bytes > mostBytes)
            {
                DropOldest();
            }

            // Names of what has gone, because it was kept anew, are not kept themselves for ever.
            while (_order.TryPeek(out var first) && !IsCurrent(first))
            {
                _order.Dequeue();
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask EvictByTagAsync(string tag, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var (key, entry) in _entries.Where(pair => pair.Value.Tags.Contains(tag)).ToList())
            {
                Remove(key, entry);
            }
        }

        return ValueTask.CompletedTask;
    }

    private bool IsCurrent((string Key, long Number) at) =>
        _entries.TryGetValue(at.Key, out var entry) && entry.Number == at.Number;

    private void DropOldest()
    {
        var oldest = _order.Dequeue();
        if (IsCurrent(oldest))
        {
            Remove(oldest.Key, _entries[oldest.Key]);
        }
    }

    private void Remove(string key, Entry entry)
    {
        _entries.Remove(key);
        _bytes -= entry.Size(key);
    }

    private sealed record Entry(byte[] Value, DateTimeOffset Expires, long Number, string[] Tags)
    {
        /// <summary>With about what the entry itself takes.</summary>
        public long Size(string key) => Value.Length + (2L * key.Length) + 200;
    }
}
