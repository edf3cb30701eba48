using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Cache;

/// <summary>How the cache served a request.</summary>
internal enum CacheOutcome
{
    Hit,
    Stale,

    /// <summary>By the answer of an equal request that was under way.</summary>
    Coalesced,
    Miss,

    /// <summary>Not at all: the request forbids it, or depends on more than itself.</summary>
    Bypass,
}

/// <summary>What the cache did since the start, whatever its configuration was meanwhile.</summary>
internal sealed class CacheMetrics
{
    private static readonly string[] Names = ["hit", "stale", "coalesced", "miss", "bypass"];

    private readonly CounterSeries[] _requests;

    /// <param name="size">Of the present cache; null when there is none.</param>
    public CacheMetrics(MetricRegistry registry, Func<CacheSize?> size)
    {
        var requests = registry.Counter(new(
            "quoin_cache_requests_total", "quoin.cache.requests", "{request}",
            "Requests that the cache was asked for, by how it served them: hit, stale, coalesced, miss, bypass.",
            "outcome"));
        _requests = [.. Names.Select(name => requests.With(name))];
        Gauge("quoin_cache_entries", "quoin.cache.entries", "{entry}", "Answers in the cache.", s => s.Entries);
        Gauge("quoin_cache_bytes", "quoin.cache.size", "By", "Bytes of the answers in the cache.", s => s.Bytes);
        registry.Callback(
            new("quoin_cache_evictions_total", "quoin.cache.evictions", "{entry}",
                "Answers that were pushed out of the cache to keep its bound."),
            MetricKind.Counter,
            () => size()?.Evictions ?? 0);

        void Gauge(string name, string instrument, string unit, string help, Func<CacheSize, long?> of) =>
            registry.Callback(
                new(name, instrument, unit, help), MetricKind.Gauge,
                () => size() is { } now && of(now) is { } value ? [([], value)] : []);
    }

    public static string NameOf(CacheOutcome outcome) => Names[(int)outcome];

    public void Count(CacheOutcome outcome) => _requests[(int)outcome].Add(Stripes.Current, 1);

    public long Read(CacheOutcome outcome) => _requests[(int)outcome].Read();
}
