using System.Net.Http.Headers;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>
/// HTTP/2 by .NET's own client and HTTP/3 by ours, one of several streams of a connection. Bytes are those of bodies:
/// what headers take on the wire is compressed and not told.
/// </summary>
internal sealed class MultiplexedExchanger(LoadTarget target, HttpMessageInvoker connection) : Exchanger
{
    private readonly byte[] _buffer = new byte[BenchmarkLimits.BufferBytes];

    /// <summary>
    /// One connection, whatever its server says of the number of streams: further requests wait for one.
    /// </summary>
    public static HttpMessageHandler NewConnection(LoadTarget target) =>
        target.Options.Http.Major == 3 ? new Http3Handler(target) : NewHttp2(target);

    private static SocketsHttpHandler NewHttp2(LoadTarget target) => new()
    {
        EnableMultipleHttp2Connections = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = target.Options.Timeout,
        ActivityHeadersPropagator = null,
        InitialHttp2StreamWindowSize = 1024 * 1024,
        SslOptions = target.Tls(protocols: null),
    };

    public override async ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        using var request = NewRequest();
        using var response = await connection.SendAsync(request, cancellationToken);
        exchange.FirstByte = exchange.Clock.Now;
        exchange.HasConnection = true;
        exchange.Status = (int)response.StatusCode;
        exchange.BytesOut += target.Options.Body.Length;
        exchange.IsStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        int read;
        while ((read = await body.ReadAsync(_buffer, cancellationToken)) > 0)
        {
            exchange.BytesIn += read;
            exchange.Read(_buffer.AsSpan(0, read), exchange.Clock.Now);
        }
    }

    /// <summary>The connection is not its own.</summary>
    public override ValueTask DisposeAsync() => default;

    private HttpRequestMessage NewRequest()
    {
        var options = target.Options;
        var request = new HttpRequestMessage(new HttpMethod(options.Method), target.Url)
        {
            Version = options.Http,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (options.Body.Length > 0 || options.Method is "POST" or "PUT" or "PATCH")
        {
            request.Content = new ReadOnlyMemoryContent(options.Body);
        }

        if (options.ServerSentEvents && !LoadTarget.Has(options, "Accept"))
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        }

        foreach (var (name, value) in options.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content ??= new ReadOnlyMemoryContent(options.Body);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}
