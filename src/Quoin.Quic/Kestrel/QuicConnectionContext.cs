using System.Buffers;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Quoin.Quic.Kestrel;

/// <summary>A connection as Kestrel sees it.</summary>
internal sealed class QuicConnectionContext : MultiplexedConnectionContext, IProtocolErrorCodeFeature,
    ITlsConnectionFeature, ITlsHandshakeFeature, IMemoryPoolFeature, IQuicEarlyDataFeature
{
    private const long NoHttpError = 0x100;

    private readonly QuicConnection _connection;
    private IDictionary<object, object?>? _items;
    private ConnectionAbortedException? _aborted;
    private string? _id;
    private X509Certificate2? _certificate;

    public QuicConnectionContext(QuicConnection connection, ILogger logger)
    {
        (_connection, Logger) = (connection, logger);
        (LocalEndPoint, RemoteEndPoint) = (connection.LocalEndPoint, connection.RemoteEndPoint);
        connection.DefaultCloseCode = NoHttpError;
        Features.Set<IProtocolErrorCodeFeature>(this);
        Features.Set<ITlsConnectionFeature>(this);
        Features.Set<ITlsHandshakeFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set<IQuicEarlyDataFeature>(this);
    }

    public ILogger Logger { get; }

    public override string ConnectionId
    {
        get => _id ??= $"Q{_connection.Number:X12}";
        set => _id = value;
    }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _connection.Closing;
        set => throw new NotSupportedException("the connection says when it is closed");
    }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    /// <summary>-1: none.</summary>
    public long Error { get; set; } = -1;

    public MemoryPool<byte> MemoryPool => _connection.Context.Blocks;

    public bool ReceivedEarlyData => _connection.ReceivedEarlyData;

    public Task HandshakeCompleted => _connection.HandshakeCompleted;

    public X509Certificate2? ClientCertificate
    {
        get => _certificate ?? _connection.PeerCertificate;
        set => _certificate = value;
    }

    SslProtocols ITlsHandshakeFeature.Protocol => SslProtocols.Tls13;

    string ITlsHandshakeFeature.HostName => _connection.ServerName;

#pragma warning disable SYSLIB0058 // The interface asks for them; TLS 1.3 has only the cipher suite.
    CipherAlgorithmType ITlsHandshakeFeature.CipherAlgorithm => CipherAlgorithmType.Aes;

    int ITlsHandshakeFeature.CipherStrength => 0;

    HashAlgorithmType ITlsHandshakeFeature.HashAlgorithm => HashAlgorithmType.None;

    int ITlsHandshakeFeature.HashStrength => 0;

    ExchangeAlgorithmType ITlsHandshakeFeature.KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    int ITlsHandshakeFeature.KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ClientCertificate);

    public override async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return QuicStreamContext.Of(await _connection.AcceptStreamAsync(cancellationToken), this);
        }
        catch (OperationCanceledException)
        {
            // Kestrel cancels its own wait to end a connection gracefully, and asks again.
            return null;
        }
        catch (QuicException e) when (_aborted is not null)
        {
            throw new ConnectionAbortedException(_aborted.Message, e);
        }
    }

    public override async ValueTask<ConnectionContext> ConnectAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        var direction = features?.Get<IStreamDirectionFeature>();
        var stream = await _connection.OpenStreamAsync(direction?.CanRead ?? true, cancellationToken);
        if (!stream.CanRead)
        {
            stream.Send.BeforePublishing = GoAwayFrame.Correct;
        }

        return QuicStreamContext.Of(stream, this);
    }

    public override void Abort() => Abort(new ConnectionAbortedException("the connection was aborted here"));

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _aborted ??= abortReason;
        _connection.Close(Code);
    }

    public override async ValueTask DisposeAsync()
    {
        await _connection.CloseAsync(Code);
        await base.DisposeAsync();
    }

    private long Code => Error >= 0 ? Error : NoHttpError;
}
