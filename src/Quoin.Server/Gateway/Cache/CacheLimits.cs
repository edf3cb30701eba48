namespace Quoin.Server.Gateway.Cache;

/// <summary>Every bound of the cache that is not a setting, with its reason.</summary>
internal static class CacheLimits
{
    /// <summary>
    /// Bytes of an answer that is kept. The longest answers of today's models are about 1 MB as a stream; images and
    /// large batches of embeddings are better asked for again than kept.
    /// </summary>
    public const int EntryBytes = 4 * 1024 * 1024;

    /// <summary>Bytes that an entry takes in memory besides its answer: node, dictionary slot, strings.</summary>
    public const int EntryOverheadBytes = 400;

    /// <summary>Entries that may be configured. A million of 1 KB are 1.4 GB.</summary>
    public const long MaxEntries = 10_000_000;

    /// <summary>Bytes that may be configured: a terabyte.</summary>
    public const long MaxBytes = 1L << 40;

    /// <summary>
    /// Counters of the frequency sketch: 4 for each entry it is to tell apart, so that few share one. Two bytes hold
    /// four; 4 MB at most.
    /// </summary>
    public const int SketchCounters = 1 << 23;

    /// <summary>Bytes of an entry by which a bound in bytes is turned into an expected number of entries.</summary>
    public const int ExpectedEntryBytes = 2048;

    /// <summary>
    /// How often a request may find that the one it waited for had failed before it is told that failure: a provider
    /// that is down must not be asked by a thousand waiters in turn.
    /// </summary>
    public const int TakeOvers = 3;

    /// <summary>Requests that wait for another's answer, all together; more ask their provider themselves.</summary>
    public const int Waiting = 100_000;

    /// <summary>
    /// Files looked at when a file cache is opened: reading the heads of a hundred thousand takes some seconds, in
    /// which nothing is served. Files beyond are deleted.
    /// </summary>
    public const int IndexedFiles = 200_000;

    /// <summary>Characters of a tenant or route in a stored entry; both are names.</summary>
    public const int NameChars = 1024;
}
