using System.Net.Sockets;

namespace Quoin.Server.Workers;

/// <summary>HTTP over a Unix socket, without anything of its own on the way of a request.</summary>
internal static class UnixClient
{
    /// <summary>No request names a host that is looked up: all go to the socket.</summary>
    public static readonly Uri Root = new("http://worker");

    public static HttpMessageInvoker Create(string socket, int connections) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await client.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new NetworkStream(client, ownsSocket: true);
            }
            catch
            {
                client.Dispose();
                throw;
            }
        },
        MaxConnectionsPerServer = connections,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,

        // Answers go on while one side only has closed, and a body that nobody reads is not read to its end.
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    });
}
