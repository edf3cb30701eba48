using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic.Connections;
using Quoin.Quic.Endpoints;

namespace Quoin.Quic;

/// <summary>
/// A QUIC connection. All its native state belongs to the thread of its loop; the methods here may be called from any
/// thread and hand over to it. What went wrong is in <see cref="Closed"/> and in the exceptions of streams.
/// </summary>
public sealed partial class QuicConnection : IAsyncDisposable
{
    private static long _lastNumber;

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private QuicClient? _client;
    private long _consumed;

    /// <summary>Its number in the process.</summary>
    internal long Number { get; } = Interlocked.Increment(ref _lastNumber);

    /// <summary>The transport's object for it.</summary>
    internal object? Owner { get; set; }

    /// <summary>Where it ends here. A connection may migrate: it is the address it began with.</summary>
    public IPEndPoint LocalEndPoint { get; private set; }

    /// <summary>Where the peer was at the beginning.</summary>
    public IPEndPoint RemoteEndPoint { get; private set; }

    /// <summary>The name that the client asked for; empty: none.</summary>
    public string ServerName { get; internal set; } = "";

    /// <summary>What both have agreed to speak (ALPN); known once it is accepted or connected.</summary>
    public SslApplicationProtocol NegotiatedProtocol { get; private set; }

    /// <summary>The peer's certificate, if it has shown one.</summary>
    public X509Certificate2? PeerCertificate { get; private set; }

    /// <summary>Server: something was received in early data. Client: see <see cref="EarlyDataAccepted"/>.</summary>
    public bool ReceivedEarlyData { get; internal set; }

    /// <summary>Client: the server has taken the early data; null: it is not known yet, or none was possible.</summary>
    public bool? EarlyDataAccepted { get; private set; }

    /// <summary>Completes with the handshake; fails with the connection.</summary>
    public Task HandshakeCompleted => _handshake.Task;

    /// <summary>Completes when the connection has ended; it never fails: <see cref="CloseReason"/> tells why.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Why it has ended; null: it has not.</summary>
    public QuicException? CloseReason { get; private set; }

    /// <summary>Cancelled when it ends.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>The code with which <see cref="DisposeAsync"/> closes. Default 0.</summary>
    public long DefaultCloseCode { get; set; }

    /// <summary>Opens a stream, waiting while the peer allows no more.</summary>
    /// <exception cref="QuicException">The connection has ended.</exception>
    public async ValueTask<QuicStream> OpenStreamAsync(
        bool bidirectional = true, CancellationToken cancellationToken = default)
    {
        var request = new OpenRequest(this, bidirectional);
        Loop.Post(request);
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((OpenRequest)state!).Cancel(token), request);
        return await request.Opened;
    }

    /// <summary>The next stream that the peer has opened.</summary>
    /// <exception cref="QuicException">The connection has ended.</exception>
    public async ValueTask<QuicStream> AcceptStreamAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _streams.Accepted.ReadAsync(cancellationToken);
        }
        catch (System.Threading.Channels.ChannelClosedException e)
        {
            throw (Exception?)CloseReason ?? e;
        }
    }

    /// <summary>A stream that the peer has opened, if there is one now.</summary>
    public bool TryAcceptStream([NotNullWhen(true)] out QuicStream? stream) => _streams.Accepted.TryRead(out stream);

    /// <summary>
    /// Sends a datagram (RFC 9221), which may be lost. False: it waits for nothing, and too many are under way. One
    /// that is larger than the peer or the path takes is dropped.
    /// </summary>
    public bool TrySendDatagram(ReadOnlySpan<byte> data)
    {
        if (!_datagrams.TrySend(data))
        {
            return false;
        }

        Loop.Post(_dirtyWork);
        return true;
    }

    /// <summary>The next datagram received.</summary>
    /// <exception cref="QuicException">The connection has ended.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveDatagramAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _datagrams.Received.ReadAsync(cancellationToken);
        }
        catch (System.Threading.Channels.ChannelClosedException e)
        {
            throw (Exception?)CloseReason ?? e;
        }
    }

    /// <summary>How it fares; null: it has ended.</summary>
    public Task<QuicStatistics?> GetStatisticsAsync()
    {
        var result = new TaskCompletionSource<QuicStatistics?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(new LoopAction(() => result.TrySetResult(ReadStatistics())));
        return result.Task;
    }

    /// <summary>
    /// Changes the keys that packets are encrypted with (RFC 9001, 6), as should be done once in a while.
    /// </summary>
    public void UpdateKeys() => Loop.Post(new LoopAction(InitiateKeyUpdate));

    /// <summary>Ends it with a code of the application's, after what streams have flushed so far was sent.</summary>
    public void Close(long code) => Loop.Post(new LoopAction(() => CloseByApplication(code)));

    /// <summary>Ends it, if it has not ended, and waits until it has.</summary>
    public async ValueTask DisposeAsync()
    {
        Close(DefaultCloseCode);
        await Closed;
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }
    }

    /// <summary>
    /// Sends what was flushed, and then closes: for transports that count a close as the end of the answers.
    /// </summary>
    internal Task CloseAsync(long code)
    {
        Close(code);
        return Closed;
    }

    /// <summary>
    /// Any thread: bytes of some stream were consumed. Many streams of which each is below its own step can use up the
    /// connection's window together; then all of them are credited.
    /// </summary>
    internal void Consumed(long count)
    {
        var step = Math.Max(1, Context.Options.ConnectionWindow / QuicLimits.CreditShare);
        var total = Interlocked.Add(ref _consumed, count);
        if (total >= step && total - count < step)
        {
            Loop.Post(new LoopAction(CreditConsumed));
        }
    }

    /// <summary>A client that was made for this connection alone.</summary>
    internal void OwnClient(QuicClient client) => _client = client;
}
