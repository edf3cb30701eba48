using System.Globalization;

namespace Quoin.Quic;

/// <summary>Settings of QUIC, for listeners and clients.</summary>
public sealed record QuicTransportOptions
{
    private const long MaxBytes = 4L * 1024 * 1024 * 1024;
    private static readonly TimeSpan MaxTime = TimeSpan.FromHours(24);

    /// <summary>
    /// Bytes a peer may send on one stream ahead of what was read. 1200..4 GB; default 1 MB. Throughput of a stream is
    /// at most this by the round-trip time.
    /// </summary>
    public long StreamWindow { get; init; } = 1024 * 1024;

    /// <summary>
    /// Up to where a stream's window grows by itself when the peer uses it up within two round trips. At most 4 GB;
    /// <see cref="StreamWindow"/> or less: it does not grow. Default 6 MB.
    /// </summary>
    public long MaxStreamWindow { get; init; } = 6 * 1024 * 1024;

    /// <summary>
    /// Bytes a peer may send on all streams together ahead of what was read. 1200..4 GB; default 1.5 MB.
    /// </summary>
    public long ConnectionWindow { get; init; } = 1536 * 1024;

    /// <summary>Up to where the connection's window grows by itself. At most 4 GB; default 15 MB.</summary>
    public long MaxConnectionWindow { get; init; } = 15 * 1024 * 1024;

    /// <summary>
    /// Bidirectional streams a peer may have open at once; requests, in HTTP/3. 0..1000000; default 100.
    /// </summary>
    public int MaxBidirectionalStreams { get; init; } = 100;

    /// <summary>Unidirectional streams a peer may have open at once. HTTP/3 needs 3. 0..1000000; default 100.</summary>
    public int MaxUnidirectionalStreams { get; init; } = 100;

    /// <summary>
    /// A connection without packets ends after it; the shorter of both ends' times counts. 100 ms..24 h; default 30 s.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A PING goes out after this time of silence, so that the connection stays. 0: none (default); ..24 h.
    /// </summary>
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>A handshake that takes longer ends the connection. 100 ms..24 h; default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Default <see cref="QuicCongestionControl.Cubic"/>.</summary>
    public QuicCongestionControl CongestionControl { get; init; } = QuicCongestionControl.Cubic;

    /// <summary>
    /// The largest UDP payload that is sent. 1200..65527; default 1452, what Ethernet carries over IPv6. Larger ones
    /// are for networks with jumbo frames.
    /// </summary>
    public int MaxUdpPayload { get; init; } = 1452;

    /// <summary>
    /// True (default): it begins with 1200 bytes and tries out larger ones. False: it sends <see cref="MaxUdpPayload"/>
    /// at once, which has to fit the path.
    /// </summary>
    public bool PathMtuDiscovery { get; init; } = true;

    /// <summary>Largest DATAGRAM frame that is taken (RFC 9221). 0: none (default); ..65535.</summary>
    public int MaxDatagramSize { get; init; }

    /// <summary>
    /// False: a client has to keep its address, and is not followed when it moves all the same; what its router changes
    /// still is. Default true.
    /// </summary>
    public bool ActiveMigration { get; init; } = true;

    /// <summary>How long an acknowledgement may be held back. 0..1 s; default 25 ms.</summary>
    public TimeSpan MaxAckDelay { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Packets after which an acknowledgement goes out at once. 1..100; default 2.</summary>
    public int AckThreshold { get; init; } = 2;

    /// <summary>
    /// Listener: connections are taken only from addresses that have shown they receive (a Retry costs the client a
    /// round trip) while this many handshakes are under way. 0: always; default 1000; ..1000000.
    /// </summary>
    public int RetryAbove { get; init; } = 1000;

    /// <summary>Listener: connections at once; more are refused. 1..10000000; default 100000.</summary>
    public int MaxConnections { get; init; } = 100_000;

    /// <summary>Listener: connections that wait to be accepted; more are refused. 1..65536; default 512.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>
    /// Listener: what stateless resets are computed from, 16..64 bytes. The same one after a restart lets peers of
    /// before know at once that their connections are gone. Null (default): random.
    /// </summary>
    public ReadOnlyMemory<byte>? StatelessResetKey { get; init; }

    /// <summary>
    /// Listener: returning clients may send requests with their first packet (0-RTT). Client: the first packet of a
    /// connection with a stored session may carry data. Default false: early data can be replayed by others, see
    /// <see cref="IQuicEarlyDataFeature"/>.
    /// </summary>
    public bool EarlyData { get; init; }

    /// <summary>
    /// Listener: early data that is handed on before the handshake is complete, in bytes for a connection. The rest
    /// waits for it, and is no longer early then. 0..4 GB; default 16 KB.
    /// </summary>
    public long MaxEarlyData { get; init; } = 16 * 1024;

    /// <summary>
    /// Listener: how long first flights with early data are remembered, so that none is taken twice; older ones are
    /// refused. 1 s..10 min; default 10 s.
    /// </summary>
    public TimeSpan AntiReplayWindow { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The socket's buffers in bytes. 4096..1 GB; default 4 MB. The kernel gives no more than <c>net.core.rmem_max</c>
    /// and
    /// <c>wmem_max</c>; a warning says so.
    /// </summary>
    public int UdpReceiveBuffer { get; init; } = 4 * 1024 * 1024;

    /// <inheritdoc cref="UdpReceiveBuffer"/>
    public int UdpSendBuffer { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes an application may write to a stream ahead of the network. 1..1 GB; default 64 KB.</summary>
    public int WriteBuffer { get; init; } = 64 * 1024;

    /// <summary>
    /// Listener: sockets and threads that share the port. 1..64; 0 (default): one for each processor, 8 at most.
    /// </summary>
    public int Loops { get; init; }

    /// <summary>
    /// Listener: other processes of this user may listen on the same port; the kernel gives each client to one of them.
    /// A client that changes its address may then end up at the wrong one and has to connect anew. Default false.
    /// </summary>
    public bool SharePort { get; init; }

    /// <summary>
    /// Secrets of connections are appended to it in NSS format: whoever has the file reads the traffic. Null: none.
    /// </summary>
    public string? KeyLogFile { get; init; }

    /// <summary>A folder in which each connection leaves a qlog file (a JSON text sequence). Null: none.</summary>
    public string? QlogFolder { get; init; }

    /// <summary>Loops a listener has.</summary>
    internal int EffectiveLoops => Loops == 0 ? Math.Min(Environment.ProcessorCount, 8) : Loops;

    /// <summary>What is out of range, each with what was found and what is accepted.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        Within(faults, nameof(StreamWindow), StreamWindow, 1200, MaxBytes);
        Within(faults, nameof(MaxStreamWindow), MaxStreamWindow, 0, MaxBytes);
        Within(faults, nameof(ConnectionWindow), ConnectionWindow, 1200, MaxBytes);
        Within(faults, nameof(MaxConnectionWindow), MaxConnectionWindow, 0, MaxBytes);
        Within(faults, nameof(MaxBidirectionalStreams), MaxBidirectionalStreams, 0, 1_000_000);
        Within(faults, nameof(MaxUnidirectionalStreams), MaxUnidirectionalStreams, 0, 1_000_000);
        Within(faults, nameof(MaxUdpPayload), MaxUdpPayload, 1200, 65527);
        Within(faults, nameof(MaxDatagramSize), MaxDatagramSize, 0, 65535);
        Within(faults, nameof(AckThreshold), AckThreshold, 1, 100);
        Within(faults, nameof(RetryAbove), RetryAbove, 0, 1_000_000);
        Within(faults, nameof(MaxConnections), MaxConnections, 1, 10_000_000);
        Within(faults, nameof(Backlog), Backlog, 1, 65_536);
        Within(faults, nameof(MaxEarlyData), MaxEarlyData, 0, MaxBytes);
        Within(faults, nameof(UdpReceiveBuffer), UdpReceiveBuffer, 4096, 1 << 30);
        Within(faults, nameof(UdpSendBuffer), UdpSendBuffer, 4096, 1 << 30);
        Within(faults, nameof(WriteBuffer), WriteBuffer, 1, 1 << 30);
        Within(faults, nameof(Loops), Loops, 0, QuicLimits.Loops);
        Within(faults, nameof(IdleTimeout), IdleTimeout, TimeSpan.FromMilliseconds(100), MaxTime);
        Within(faults, nameof(KeepAliveInterval), KeepAliveInterval, TimeSpan.Zero, MaxTime);
        Within(faults, nameof(HandshakeTimeout), HandshakeTimeout, TimeSpan.FromMilliseconds(100), MaxTime);
        Within(faults, nameof(MaxAckDelay), MaxAckDelay, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Within(faults, nameof(AntiReplayWindow), AntiReplayWindow, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        if (StatelessResetKey is { Length: < 16 or > 64 } key)
        {
            faults.Add($"{nameof(StatelessResetKey)} has {key.Length} bytes; accepted: 16..64");
        }

        if (!Enum.IsDefined(CongestionControl))
        {
            faults.Add($"{nameof(CongestionControl)} is {CongestionControl}; accepted: Reno, Cubic, Bbr");
        }

        return faults;
    }

    /// <exception cref="ArgumentException">Something is out of range.</exception>
    internal void Require(string parameter)
    {
        if (Faults() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), parameter);
        }
    }

    private static void Within<T>(List<string> faults, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; accepted: {least}..{most}"));
        }
    }
}
