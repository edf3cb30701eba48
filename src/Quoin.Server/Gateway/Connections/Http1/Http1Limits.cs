namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>Every bound of a connection to a provider that is not a setting, with its reason.</summary>
internal static class Http1Limits
{
    /// <summary>Bytes of a response head. Providers send under 4 KB; cookies of a CDN make the most of it.</summary>
    public const int HeadBytes = 64 * 1024;

    /// <summary>Fields of a response head.</summary>
    public const int HeadFields = 256;

    /// <summary>
    /// Bytes of a connection's buffer while it is used: a request of a usual size leaves in one write, the events that
    /// are there come in one read. Idle connections have none.
    /// </summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>The same for a short request, until its answer turns out to be a stream.</summary>
    public const int FirstBufferBytes = 4 * 1024;

    /// <summary>Interim responses (1xx) before the final one: 100 and 103 come once or a few times.</summary>
    public const int InterimResponses = 64;

    /// <summary>Bytes of a chunk's size with its extensions. Nobody sends extensions.</summary>
    public const int ChunkLineBytes = 4096;

    /// <summary>Bytes of the fields behind the last chunk.</summary>
    public const int TrailerBytes = 16 * 1024;

    /// <summary>An idle connection is closed after so long: providers close theirs after 60 s to 5 min.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(55);

    /// <summary>
    /// A connection is not used again after so long: a name may move to another address, and load balancers spread
    /// connections, not requests.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How often idle connections are looked over.</summary>
    public static readonly TimeSpan TrimPeriod = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A connection that was idle for less is used without asking the kernel whether the provider has closed it, which
    /// costs a system call (about 0.4 µs) at each request of a busy gateway.
    /// </summary>
    public static readonly TimeSpan FreshTime = TimeSpan.FromMilliseconds(20);
}
