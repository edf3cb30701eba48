using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Quoin.Http;

namespace Quoin.Server.Workers;

/// <summary>Passes a request to another process and its answer back, byte for byte as they come.</summary>
internal static class HttpRelay
{
    /// <summary>What belongs to a connection and not to its messages (RFC 9110 §7.6.1).</summary>
    private static readonly HashSet<string> OfConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        HeaderNames.Connection, "Keep-Alive", HeaderNames.ProxyConnection, HeaderNames.TE, HeaderNames.Trailer,
        HeaderNames.TransferEncoding, HeaderNames.Upgrade,
    };

    /// <param name="path">Another than the one that was asked for.</param>
    public static HttpRequestMessage RequestOf(HttpContext http, Stream? body, string? path = null)
    {
        var request = http.Request;
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget;
        path ??= target is ['/', ..] ? target : request.Path + request.QueryString.ToUriComponent();
        var message = new HttpRequestMessage(
            new HttpMethod(request.Method),
            new Uri(UnixClient.Root + path.TrimStart('/'), new UriCreationOptions
            {
                DangerousDisablePathAndQueryCanonicalization = true,
            }));
        if (body is not null)
        {
            message.Content = new StreamContent(body);
        }

        foreach (var (name, values) in request.Headers)
        {
            if (!OfConnection.Contains(name) && !name.StartsWith(':')
                && !name.Equals(HeaderNames.Expect, StringComparison.OrdinalIgnoreCase)
                && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        if (HttpEdge.IsForwarded(http))
        {
            // Worker 0 sees the client that a proxy has named, and shall know that it is not who is connected.
            message.Headers.TryAddWithoutValidation(HeaderNames.Via, "1.1 quoin");
        }

        message.Headers.TryAddWithoutValidation(InternalConnection.PeerHeader, InternalConnection.PeerOf(http));
        return message;
    }

    public static bool HasBody(HttpContext http) =>
        http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    public static void CopyHead(HttpResponseMessage answer, HttpResponse response)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            if (!OfConnection.Contains(name))
            {
                response.Headers[name] = new StringValues([.. values]);
            }
        }
    }

    /// <summary>An answer that breaks off breaks off for the client too.</summary>
    public static async Task CopyBodyAsync(HttpResponseMessage answer, HttpContext http)
    {
        await http.Response.StartAsync(http.RequestAborted);
        await using var body = await answer.Content.ReadAsStreamAsync(http.RequestAborted);
        var writer = http.Response.BodyWriter;
        while (true)
        {
            var read = await body.ReadAsync(writer.GetMemory(4096), http.RequestAborted);
            if (read == 0)
            {
                return;
            }

            writer.Advance(read);
            await writer.FlushAsync(http.RequestAborted);
        }
    }
}
