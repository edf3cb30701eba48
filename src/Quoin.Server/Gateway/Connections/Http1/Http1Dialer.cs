using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>Opens connections to one provider: its name, TCP, and TLS where the address says https.</summary>
internal sealed class Http1Dialer(Uri address, TimeSpan connectTimeout, TimeProvider time)
{
    /// <exception cref="HttpRequestException">No connection; its error says why.</exception>
    public async ValueTask<Http1Connection> ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(connectTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(EndPoint, both.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                stream = await SecureAsync(stream, both.Token);
            }

            return new Http1Connection(stream, socket, time.GetTimestamp());
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                OperationCanceledException when cancellationToken.IsCancellationRequested => e,
                OperationCanceledException => new HttpRequestException(
                    HttpRequestError.ConnectionError,
                    $"no connection within {connectTimeout.TotalSeconds:0.###} s (llm.connect_timeout)", e),
                SocketException
                {
                    SocketErrorCode: SocketError.HostNotFound or SocketError.NoData
                    or SocketError.TryAgain
                } => new HttpRequestException(
                        HttpRequestError.NameResolutionError, "its name cannot be resolved", e),
                SocketException => new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e),
                AuthenticationException or IOException => new HttpRequestException(
                    HttpRequestError.SecureConnectionError, e.Message, e),
                _ => e,
            };
        }
    }

    private EndPoint EndPoint => IPAddress.TryParse(address.DnsSafeHost, out var ip)
        ? new IPEndPoint(ip, address.Port)
        : new DnsEndPoint(address.IdnHost, address.Port);

    private async ValueTask<Stream> SecureAsync(Stream stream, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream);
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = address.IdnHost,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                },
                cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
