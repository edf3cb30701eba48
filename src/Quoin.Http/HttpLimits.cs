namespace Quoin.Http;

/// <summary>Bounds that are no options, with their reason.</summary>
internal static class HttpLimits
{
    /// <summary>Body of a cached answer: it is held whole to be hashed, by each request that makes one.</summary>
    public const int CachedBodyBytes = 4 * 1024 * 1024;

    /// <summary>All cached answers of an app together.</summary>
    public const long CacheBytes = 64L * 1024 * 1024;

    /// <summary>A request's method. The longest registered one (UPDATEREDIRECTREF) has 17.</summary>
    public const int MethodBytes = 32;

    /// <summary>The line before a chunk: its size, and extensions, which nobody is known to use.</summary>
    public const int ChunkLineBytes = 1024;

    /// <summary>An answer of unknown length that is held back to see whether it is worth compressing.</summary>
    public const int HeldBeforeCompressionBytes = 64 * 1024;

    /// <summary>Codings in an Accept-Encoding; browsers send five. Of longer ones none is believed.</summary>
    public const int AcceptedCodings = 32;

    /// <summary>The path of a static file below its folder; systems take 4096 bytes of the whole.</summary>
    public const int StaticPathCharacters = 2048;

    /// <summary>Links on the way to a static file, as many as Linux follows.</summary>
    public const int StaticLinks = 40;

    /// <summary>Networks of proxies: each is compared with the peer of each request.</summary>
    public const int TrustedNetworks = 256;

    /// <summary>Proxies in a row that are looked back through.</summary>
    public const int ForwardedHops = 32;

    /// <summary>A host with its port; names have 253 at most.</summary>
    public const int HostCharacters = 262;

    /// <summary>
    /// Header of the PROXY protocol's version 2 behind its first 16 bytes: addresses take 36, the rest is what proxies
    /// tell of TLS and themselves.
    /// </summary>
    public const int ProxyHeaderBytes = 4096;

    /// <summary>A file that is served from memory. What is larger is better read as it is sent.</summary>
    public const int HeldFileBytes = 2 * 1024 * 1024;

    /// <summary>All files of a folder in memory: as much as all cached answers.</summary>
    public const long HeldFilesBytes = 64L * 1024 * 1024;

    /// <summary>Their number: empty files take memory too.</summary>
    public const int HeldFiles = 10_000;
}
