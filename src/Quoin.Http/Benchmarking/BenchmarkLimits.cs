namespace Quoin.Http.Benchmarking;

/// <summary>Bounds that are no options, with their reason.</summary>
internal static class BenchmarkLimits
{
    /// <summary>Connections to one address: source ports are about 28 000, and each has its buffers here.</summary>
    public const int Concurrency = 10_000;

    /// <summary>A request's body is held once, and sent over all connections.</summary>
    public const int BodyBytes = 64 * 1024 * 1024;

    /// <summary>A message is held for each connection.</summary>
    public const int MessageBytes = 16 * 1024 * 1024;

    /// <summary>Headers of a request or of an answer; servers send a few hundred bytes.</summary>
    public const int HeadBytes = 64 * 1024;

    /// <summary>What a connection reads at a time.</summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>Interim answers (1xx) before one that counts.</summary>
    public const int InterimAnswers = 16;

    /// <summary>Bytes of the line that begins a chunk, or of all trailers.</summary>
    public const int ChunkLineBytes = 16 * 1024;

    /// <summary>
    /// Connections that are opened at a time before the start: a listener's queue is 128 to 4096 long.
    /// </summary>
    public const int Connecting = 128;

    /// <summary>
    /// A closed loop that is refused its connections does not fill its time with nothing but refusals.
    /// </summary>
    public static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// A connection that was idle for so long is looked at before it is used: the server may have left.
    /// </summary>
    public static readonly TimeSpan FreshTime = TimeSpan.FromMilliseconds(500);
}
