using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>Where requests go and what they are, made once for all connections.</summary>
internal sealed class LoadTarget
{
    private readonly IPAddress[] _addresses;

    private LoadTarget(Uri url, BenchmarkOptions options, IPAddress[] addresses)
    {
        Url = url;
        Options = options;
        _addresses = addresses;
        Request = RequestOf(url, options);
    }

    public Uri Url { get; }

    public BenchmarkOptions Options { get; }

    /// <summary>The whole HTTP/1.1 request.</summary>
    public ReadOnlyMemory<byte> Request { get; }

    /// <summary>The first of its addresses.</summary>
    public IPEndPoint EndPoint => new(_addresses[0], Url.Port);

    public bool IsTls => Url.Scheme is "https" or "wss";

    /// <summary>Looks the name up, once: what is measured is not the resolver.</summary>
    /// <exception cref="SocketException">There is no such name.</exception>
    public static async Task<LoadTarget> ResolveAsync(
        Uri url, BenchmarkOptions options, CancellationToken cancellationToken) =>
        new(url, options, await Dns.GetHostAddressesAsync(url.IdnHost, cancellationToken));

    /// <summary>Opens a connection, with TLS where the URL says so.</summary>
    public async ValueTask<(Socket Socket, Stream Stream)> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(_addresses, Url.Port, cancellationToken);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (IsTls)
            {
                var secured = new SslStream(stream);
                stream = secured;
                await secured.AuthenticateAsClientAsync(Tls([SslApplicationProtocol.Http11]), cancellationToken);
            }

            return (socket, stream);
        }
        catch
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }

            socket.Dispose();
            throw;
        }
    }

    public SslClientAuthenticationOptions Tls(List<SslApplicationProtocol>? protocols) => new()
    {
        TargetHost = Url.IdnHost,
        ApplicationProtocols = protocols,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = Judge,
    };

    /// <summary>Servers under test often have certificates that nobody signed.</summary>
    private bool Judge(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None || Options.Insecure;

    private static byte[] RequestOf(Uri url, BenchmarkOptions options)
    {
        var text = new StringBuilder();
        text.Append(options.Method).Append(' ').Append(url.PathAndQuery).Append(" HTTP/1.1\r\n");
        if (!Has(options, "Host"))
        {
            text.Append("Host: ").Append(url.Authority).Append("\r\n");
        }

        if (options.ServerSentEvents && !Has(options, "Accept"))
        {
            text.Append("Accept: text/event-stream\r\n");
        }

        if (options.Body.Length > 0 || options.Method is "POST" or "PUT" or "PATCH")
        {
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {options.Body.Length}\r\n");
        }

        if (options.NewConnections)
        {
            text.Append("Connection: close\r\n");
        }

        foreach (var (name, value) in options.Headers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        var head = Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
        return [.. head, .. options.Body.Span];
    }

    public static bool Has(BenchmarkOptions options, string header) =>
        options.Headers.Any(given => given.Key.Equals(header, StringComparison.OrdinalIgnoreCase));
}
