namespace Quoin.Server.Configuration;

/// <summary>
/// HTTP/3 (<c>server.http3:</c>), on a UDP port of its own. It needs ngtcp2 (or msquic) on the system and a
/// certificate; without one of them the server does not start.
/// </summary>
public sealed record ServerHttp3Options
{
    /// <summary>Whether HTTP/3 is spoken.</summary>
    [Setting(Restart = true)]
    public bool Enabled { get; init; }

    /// <summary>UDP port, 0..65535. Answers over TLS name it in <c>Alt-Svc</c>; 0 takes a free one, unnamed.</summary>
    [Setting(Restart = true, Min = 0, Max = 65535)]
    public int Port { get; init; } = 443;

    /// <summary>PEM file of the certificate, its chain after it; else that of <c>server.tls</c>.</summary>
    [Setting(Path = true, Restart = true)]
    public string? TlsCertFile { get; init; }

    /// <summary>PEM file of the certificate's unencrypted key; else that of <c>server.tls</c>.</summary>
    [Setting(Path = true, Restart = true)]
    public string? TlsKeyFile { get; init; }

    /// <summary>A connection without packets ends after so long. 100ms..24h.</summary>
    [Setting(Restart = true, Min = 0.1, Max = 86400)]
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests of one connection at the same time. 1..1000000.</summary>
    [Setting(Restart = true, Min = 1, Max = 1000000)]
    public int MaxBiStreamsConcurrent { get; init; } = 100;

    /// <summary>One-way streams of one connection; HTTP/3 itself needs 3. 3..1000000.</summary>
    [Setting(Restart = true, Min = 3, Max = 1000000)]
    public int MaxUniStreamsConcurrent { get; init; } = 100;

    /// <summary>
    /// Bytes a client may send of one request ahead of what was read: up to where the window grows by itself. It
    /// begins with 1 MB, or with this where it is less. 1200..4GB.
    /// </summary>
    [Setting(Size = true, Restart = true, Min = 1200, Max = 4294967296)]
    public long MaxStreamReceiveWindow { get; init; } = 6291456;

    /// <summary>The same for all requests of a connection together; it begins with 1.5 MB at most. 1200..4GB.</summary>
    [Setting(Size = true, Restart = true, Min = 1200, Max = 4294967296)]
    public long MaxConnectionReceiveWindow { get; init; } = 15728640;

    /// <summary>
    /// Returning clients may send requests with their first packet (0-RTT), which others can copy: see
    /// <c>server.http3.allow_0rtt_replay</c>. With ngtcp2 only.
    /// </summary>
    [Setting(Key = "enable_0rtt", Restart = true)]
    public bool Enable0Rtt { get; init; } = true;

    /// <summary>Bytes of such requests that are handed on before the handshake is complete. 0..4GB.</summary>
    [Setting(Key = "max_0rtt_size", Size = true, Restart = true, Min = 0, Max = 4294967296)]
    public long Max0RttSize { get; init; } = 16384;

    /// <summary>
    /// <c>false</c>: only requests that are safe to run twice (GET, HEAD, OPTIONS, TRACE, QUERY) run in 0-RTT, others
    /// are answered 425 and sent again by their client. <c>true</c>: all run.
    /// </summary>
    [Setting(Key = "allow_0rtt_replay")]
    public bool Allow0RttReplay { get; init; }

    /// <summary>
    /// Bytes of each UDP socket's receive buffer; the kernel may give less, and a warning says so. 4KB..1GB.
    /// </summary>
    [Setting(Size = true, Restart = true, Min = 4096, Max = 1073741824)]
    public long UdpReceiveBufferSize { get; init; } = 8388608;

    /// <summary>How a sender finds out how much the network carries.</summary>
    [Setting(Restart = true, Choices = ["cubic", "bbr", "reno"])]
    public string CongestionControl { get; init; } = "cubic";

    /// <summary>The largest UDP payload that is sent, found out by probing from 1200 bytes on. 1200..65527.</summary>
    [Setting(Restart = true, Min = 1200, Max = 65527)]
    public int MaxDatagramSize { get; init; } = 1350;

    /// <summary>A packet goes out after so long of silence, so that the connection stays; 0: none. 0..24h.</summary>
    [Setting(Restart = true, Min = 0, Max = 86400)]
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>
    /// What speaks QUIC. <c>auto</c>: ngtcp2 where it is installed, else msquic where that is. msquic takes
    /// <c>port</c>, the files and the counts of streams; with any other key set it is refused, and it has no 0-RTT.
    /// </summary>
    [Setting(Restart = true, Choices = ["auto", "ngtcp2", "msquic"])]
    public string Transport { get; init; } = "auto";
}
