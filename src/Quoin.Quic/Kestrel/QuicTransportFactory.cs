using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Quoin.Quic.Kestrel;

/// <summary>Gives Kestrel listeners for HTTP/3.</summary>
internal sealed class QuicTransportFactory(QuicTransportOptions options, TimeProvider time, ILoggerFactory loggers)
    : IMultiplexedConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly ILogger _logger = loggers.CreateLogger("Quoin.Quic");

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    public ValueTask<IMultiplexedConnectionListener> BindAsync(
        EndPoint endpoint, IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        if (endpoint is not IPEndPoint address)
        {
            throw new NotSupportedException($"HTTP/3 cannot listen on {endpoint}");
        }

        var tls = features?.Get<TlsConnectionCallbackOptions>()
            ?? throw new InvalidOperationException("HTTP/3 needs a certificate: UseHttps");
        var listener = QuicListener.Start(new QuicListenOptions
        {
            EndPoint = address,
            Protocols = tls.ApplicationProtocols,
            Transport = options,
            SelectTls = (connection, stopped) => SelectAsync(tls, connection, stopped),
        }, time, _logger, QuicLimits.PooledStreams);
        return ValueTask.FromResult<IMultiplexedConnectionListener>(new QuicMultiplexedListener(listener, _logger));
    }

    private ValueTask<SslServerAuthenticationOptions> SelectAsync(
        TlsConnectionCallbackOptions tls, QuicConnection connection, CancellationToken cancellationToken)
    {
        var context = new QuicConnectionContext(connection, _logger);
        connection.Owner = context;
        return tls.OnConnection(new TlsConnectionCallbackContext
        {
            ClientHelloInfo = new SslClientHelloInfo(connection.ServerName, SslProtocols.Tls13),
            State = tls.OnConnectionState,
            Connection = context,
        }, cancellationToken);
    }
}

/// <summary>A listener as Kestrel sees it.</summary>
internal sealed class QuicMultiplexedListener(QuicListener listener, ILogger logger) : IMultiplexedConnectionListener
{
    private const long NoHttpError = 0x100;

    public EndPoint EndPoint => listener.LocalEndPoint;

    public async ValueTask<MultiplexedConnectionContext?> AcceptAsync(
        IFeatureCollection? features = null, CancellationToken cancellationToken = default)
    {
        var connection = await listener.AcceptAsync(cancellationToken);
        return connection is null
            ? null
            : connection.Owner as QuicConnectionContext ?? new QuicConnectionContext(connection, logger);
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        listener.StopAccepting();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await listener.StopAsync(NoHttpError);
}
