using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;
using Quoin.Quic.Streams;
using Quoin.Quic.Tls;

namespace Quoin.Quic.Endpoints;

/// <summary>
/// What the loops of one endpoint share. Counts are changed by all of them. Disposed after the last loop has ended.
/// </summary>
internal sealed class EndpointContext : IDisposable
{
    private int _connections;
    private int _handshakes;

    public EndpointContext(QuicTransportOptions options, IReadOnlyList<SslApplicationProtocol> protocols, bool server,
        TimeProvider time, ILogger logger, Func<X509Certificate2, AsymmetricAlgorithm?>? keyOf = null)
    {
        (Options, Time, Logger, IsServer) = (options, time, logger, server);
        var names = protocols.Select(protocol => protocol.Protocol.ToArray()).ToList();
        Tls = new TlsContext(options, names,
            server ? new AntiReplayWindow(time, QuicLimits.RememberedFlights) : null);
        Accepted = Channel.CreateBounded<QuicConnection>(new BoundedChannelOptions(options.Backlog)
        {
            FullMode = BoundedChannelFullMode.Wait,
        });
        Credentials = new CredentialCache(keyOf);
        Input = QuicStream.InputOptions(Blocks);
        ResetKey = options.StatelessResetKey?.ToArray() ?? RandomNumberGenerator.GetBytes(32);
        KeyLog = options.KeyLogFile is { } file ? new KeyLogFile(file) : null;
    }

    public QuicTransportOptions Options { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public bool IsServer { get; }

    public TlsContext Tls { get; }

    public CredentialCache Credentials { get; }

    public KeyLogFile? KeyLog { get; }

    public byte[] ResetKey { get; }

    /// <summary>For tokens that prove an address. A restart may forget them: a client then proves it anew.</summary>
    public byte[] RetryKey { get; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>Chooses a listener's certificate for the name that a client asks for.</summary>
    public Func<QuicConnection, CancellationToken, ValueTask<SslServerAuthenticationOptions>>? SelectTls { get; init; }

    public Channel<QuicConnection> Accepted { get; }

    public BlockPool Blocks { get; } = new();

    /// <summary>How streams receive: into the blocks.</summary>
    public PipeOptions Input { get; }

    /// <summary>An allocator for the library's memory of each connection; 0: malloc.</summary>
    public nint Memory { get; set; }

    public BurstMemory Burst { get; } = new();

    public IReadOnlyList<EventLoop> Loops { get; set; } = [];

    /// <summary>No new connections are taken.</summary>
    public bool IsStopping { get; set; }

    /// <summary>
    /// How many streams of a connection are kept to be used again; only where their users let go in time.
    /// </summary>
    public int PooledStreams { get; init; }

    public int Connections => Volatile.Read(ref _connections);

    public int Handshakes => Volatile.Read(ref _handshakes);

    public bool IsFull => Connections >= Options.MaxConnections || Accepted.Reader.Count >= Options.Backlog;

    public bool NeedsRetry => Handshakes >= Options.RetryAbove;

    /// <summary>Nanoseconds of Unix time: tokens outlive connections.</summary>
    public ulong WallClock() => (ulong)Time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;

    public void CountConnection(int change) => Interlocked.Add(ref _connections, change);

    public void CountHandshake(int change) => Interlocked.Add(ref _handshakes, change);

    public void Dispose()
    {
        Credentials.Dispose();
        Tls.Dispose();
        KeyLog?.Dispose();
    }
}
