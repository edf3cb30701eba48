using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Cache;

/// <summary>Which answers are purged: those that all given parts match; none given is all.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CachePurge(CacheKey? Key, string? Route, string? Tenant)
{
    public bool Matches(in CacheKey key, string route, string tenant) =>
        (Key is not { } wanted || wanted == key)
        && (Route is null || Route == route)
        && (Tenant is null || Tenant == tenant);
}

/// <param name="Complete">False where a store was away, which may have more.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CachePurged(long Removed, bool Complete);

/// <param name="Entries">Null where the store cannot tell.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheSize(long? Entries, long? Bytes, long Evictions);

/// <summary>
/// Where answers are kept. Expired ones may be given out: the caller looks at the time. A store that fails is a store
/// that has nothing; it never fails a request.
/// </summary>
internal abstract class AnswerStore : IDisposable
{
    /// <summary>As in <c>llm.cache.type</c>.</summary>
    public abstract string Type { get; }

    /// <summary>Keeps an answer if that asks neither a disk nor a network; false where it does.</summary>
    /// <param name="keep">How long it may be of use, staleness included.</param>
    public virtual bool TrySet(CacheKey key, CachedAnswer answer, TimeSpan keep) => false;

    public abstract ValueTask<CachedAnswer?> GetAsync(CacheKey key, CancellationToken cancellationToken);

    /// <param name="keep">How long it may be of use, staleness included.</param>
    public abstract ValueTask SetAsync(
        CacheKey key, CachedAnswer answer, TimeSpan keep, CancellationToken cancellationToken);

    public abstract ValueTask<CachePurged> PurgeAsync(CachePurge purge, CancellationToken cancellationToken);

    /// <summary>What it holds, as far as it knows without asking anybody.</summary>
    public abstract CacheSize Size { get; }

    /// <summary>Lets it go. Calls under way find nothing; none fails.</summary>
    public virtual void Dispose()
    {
    }
}
