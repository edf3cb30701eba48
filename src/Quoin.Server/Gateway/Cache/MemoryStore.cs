namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Answers in memory, in as many parts as keep the processors from waiting for each other; each part has its share of
/// the bound. Gone with the process.
/// </summary>
internal sealed class MemoryStore : AnswerStore
{
    /// <summary>A part must be large enough that its share of the bound is used evenly.</summary>
    private const int EntriesOfAPart = 256;

    private readonly Part[] _parts;
    private readonly bool _byBytes;
    private readonly TimeProvider _time;

    public MemoryStore(CacheBound bound, TimeProvider time)
    {
        (_byBytes, _time) = (bound.IsBytes, time);
        var entries = bound.ExpectedEntries;
        var parts = (int)Math.Clamp(entries / EntriesOfAPart, 1, Environment.ProcessorCount);
        _parts = [.. Enumerable.Range(0, parts).Select(i =>
            new Part((bound.Amount + parts - 1 - i) / parts, (entries + parts - 1) / parts))];
    }

    public override string Type => "memory";

    public override ValueTask<CachedAnswer?> GetAsync(CacheKey key, CancellationToken cancellationToken) =>
        new(Get(key));

    public CachedAnswer? Get(in CacheKey key)
    {
        var part = PartOf(key);
        lock (part.Lock)
        {
            if (!part.Kept.TryGet(key, out var entry))
            {
                return null;
            }

            if (_time.GetUtcNow() < entry.DropAt)
            {
                return entry.Answer;
            }

            part.Remove(key, entry);
            return null;
        }
    }

    public override bool TrySet(CacheKey key, CachedAnswer answer, TimeSpan keep)
    {
        var part = PartOf(key);
        lock (part.Lock)
        {
            part.Set(key, new Entry(answer, _time.GetUtcNow() + keep), _byBytes ? answer.Weight : 1);
        }

        return true;
    }

    public override ValueTask SetAsync(
        CacheKey key, CachedAnswer answer, TimeSpan keep, CancellationToken cancellationToken)
    {
        TrySet(key, answer, keep);
        return ValueTask.CompletedTask;
    }

    public override ValueTask<CachePurged> PurgeAsync(CachePurge purge, CancellationToken cancellationToken)
    {
        var removed = 0L;
        foreach (var part in _parts)
        {
            lock (part.Lock)
            {
                KeyValuePair<CacheKey, Entry>[] found =
                [
                    .. part.Kept.Entries.Where(
                        pair => purge.Matches(pair.Key, pair.Value.Answer.Route, pair.Value.Answer.Tenant)),
                ];
                foreach (var (key, entry) in found)
                {
                    part.Remove(key, entry);
                }

                removed += found.Length;
            }
        }

        return new(new CachePurged(removed, Complete: true));
    }

    public override CacheSize Size
    {
        get
        {
            var (entries, bytes, evictions) = (0L, 0L, 0L);
            foreach (var part in _parts)
            {
                lock (part.Lock)
                {
                    entries += part.Kept.Count;
                    bytes += part.Bytes;
                    evictions += part.Evictions;
                }
            }

            return new CacheSize(entries, bytes, evictions);
        }
    }

    private Part PartOf(in CacheKey key) => _parts[(int)(key.D % (ulong)_parts.Length)];

    private readonly record struct Entry(CachedAnswer Answer, DateTimeOffset DropAt);

    private sealed class Part
    {
        public Part(long capacity, long entries) => Kept = new TinyLfu<Entry>(capacity, entries)
        {
            Evicted = (_, entry) =>
            {
                Evictions++;
                Bytes -= entry.Answer.Weight;
            },
        };

        public Lock Lock { get; } = new();

        public TinyLfu<Entry> Kept { get; }

        public long Bytes { get; private set; }

        public long Evictions { get; private set; }

        public void Set(in CacheKey key, Entry entry, long weight)
        {
            if (Kept.TryPeek(key, out var old))
            {
                Remove(key, old);
            }

            Bytes += entry.Answer.Weight;
            Kept.Set(key, entry, weight);
        }

        public void Remove(in CacheKey key, Entry entry)
        {
            Kept.Remove(key);
            Bytes -= entry.Answer.Weight;
        }
    }
}
