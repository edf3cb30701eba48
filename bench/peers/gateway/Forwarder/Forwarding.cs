using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Sends each request on with its headers and body, and the answer back, flushed as it arrives. Nothing is read,
/// logged, limited or retried.
/// </summary>
internal sealed class Forwarding(Uri upstream) : IDisposable
{
    private const int BufferBytes = 4096;

    /// <summary>Headers that belong to one connection, and Host, which the address gives.</summary>
    private static readonly HashSet<string> NotForwarded = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Host", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    };

    private readonly HttpMessageInvoker _invoker = new(new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxConnectionsPerServer = 2048,
        UseCookies = false,
        UseProxy = false,
    });

    public async Task ForwardAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        using var request = RequestFor(context.Request);
        using var answer = await _invoker.SendAsync(request, aborted);
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        CopyHeaders(answer, response);

        await using var body = await answer.Content.ReadAsStreamAsync(aborted);
        int read;
        while ((read = await body.ReadAsync(response.BodyWriter.GetMemory(BufferBytes), aborted)) > 0)
        {
            response.BodyWriter.Advance(read);
            await response.BodyWriter.FlushAsync(aborted);
        }
    }

    public void Dispose() => _invoker.Dispose();

    private HttpRequestMessage RequestFor(HttpRequest from)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Parse(from.Method), new Uri(upstream, from.Path.Value + from.QueryString.Value));
        if (from.ContentLength is > 0 || !StringValues.IsNullOrEmpty(from.Headers.TransferEncoding))
        {
            request.Content = new RequestBody(from);
        }

        foreach (var (name, value) in from.Headers)
        {
            if (!NotForwarded.Contains(name)
                && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value);
            }
        }

        return request;
    }

    private static void CopyHeaders(HttpResponseMessage from, HttpResponse to)
    {
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            if (!NotForwarded.Contains(name))
            {
                to.Headers[name] = values.ToString();
            }
        }

        foreach (var (name, values) in from.Content.Headers.NonValidated)
        {
            to.Headers[name] = values.ToString();
        }
    }
}
