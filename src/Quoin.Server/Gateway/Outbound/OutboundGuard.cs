using System.Net;
using System.Net.Sockets;

namespace Quoin.Server.Gateway.Outbound;

/// <summary>
/// Stands between the server and every URL that a caller names. The URL is looked at when it is taken; its name is
/// resolved here when it is called, every address it has is checked, and the connection goes to a checked address, so
/// that a name which changes its address between the check and the call gains nothing. Redirects and proxies are not
/// followed. Hosts that the operator allows are exempt.
/// </summary>
/// <param name="allowed">Hosts, <c>NAME</c> or <c>NAME:PORT</c>, read at each use.</param>
/// <param name="resolve">The system's resolver, or a test's.</param>
internal sealed class OutboundGuard(
    Func<IReadOnlyList<string>> allowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    /// <summary>Ports of the Web. Others belong to services that were never meant to be spoken HTTP to.</summary>
    private static readonly int[] Ports = [80, 443, 8080, 8443];

    /// <summary>Longer ones are refused by many servers.</summary>
    private const int UrlChars = 2048;

    public OutboundGuard(Func<IReadOnlyList<string>> allowed)
        : this(allowed, static (host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken))
    {
    }

    /// <summary>Null: it may be called, as far as the text tells. Else why not.</summary>
    public string? RefusalOf(string url, out Uri? uri)
    {
        if (url.Length > UrlChars || url.AsSpan().ContainsAnyExceptInRange('!', '~')
            || !Uri.TryCreate(url, UriKind.Absolute, out uri))
        {
            uri = null;
            return $"not an absolute URL of at most {UrlChars} characters";
        }

        if (uri.Scheme is not ("http" or "https"))
        {
            return "its scheme is neither https nor http";
        }

        if (uri.UserInfo.Length > 0)
        {
            return "it carries a user name";
        }

        if (uri.Fragment.Length > 0)
        {
            return "it has a fragment";
        }

        if (uri.Host.Length == 0)
        {
            return "it names no host";
        }

        if (IsAllowed(uri.IdnHost, uri.Port))
        {
            return null;
        }

        if (!Ports.Contains(uri.Port))
        {
            return $"its port is none of {string.Join(", ", Ports)}";
        }

        return IPAddress.TryParse(uri.IdnHost, out var address) && OutboundAddresses.RefusalOf(address) is { } what
            ? $"its address is {what}"
            : null;
    }

    /// <summary>A handler whose connections are all checked.</summary>
    public SocketsHttpHandler CreateHandler(TimeSpan connectTimeout) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = connectTimeout,
        MaxResponseHeadersLength = 16,

        // A connection is not used again: what was allowed may no longer be.
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectCallback = ConnectAsync,
    };

    /// <summary>The addresses to connect to.</summary>
    /// <exception cref="HttpRequestException">One of them is not a stranger's, or there is none.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, int port, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var address) ? [address] : await resolve(host, cancellationToken);
        if (!IsAllowed(host, port))
        {
            foreach (var found in addresses)
            {
                // One inner address among others is a trick: by chance or order it would be the one that is used.
                if (OutboundAddresses.RefusalOf(found) is { } what)
                {
                    throw new HttpRequestException($"the address of {host} is {what}");
                }
            }
        }

        return addresses.Length > 0 ? addresses : throw new HttpRequestException($"{host} has no address");
    }

    private async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await ResolveAsync(host, port, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool IsAllowed(string host, int port)
    {
        foreach (var entry in allowed())
        {
            // The setting was checked to be a host, with a port or without.
            var named = new Uri($"http://{entry}/");
            var hasPort = !entry.EndsWith(']') && entry.LastIndexOf(':') > entry.LastIndexOf(']');
            if (named.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase) && (!hasPort || named.Port == port))
            {
                return true;
            }
        }

        return false;
    }
}
