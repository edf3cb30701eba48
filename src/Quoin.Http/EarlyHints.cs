using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Quoin.Http;

/// <summary>
/// 103 Early Hints (RFC 8297): what <see cref="RouteExtensions.Preload"/> has named goes to the client while the page
/// is still being made. Kestrel has no way to send it, so it is written to the connection itself, which over HTTP/1.1
/// nobody else does between the end of one response and the begin of the next. Over HTTP/2 many requests share the
/// connection's writer and its header table: there it is not possible.
/// </summary>
public static class EarlyHints
{
    /// <summary>Sends the Link headers that are set so far; may be called again when there are more.</summary>
    /// <param name="response">Has not begun.</param>
    /// <param name="toAnyClient">
    /// True: also to clients that do not load a page (browsers say <c>Sec-Fetch-Mode: navigate</c>), some of which take
    /// the hints for the answer.
    /// </param>
    /// <param name="cancellationToken">Of the request.</param>
    /// <returns>False: nothing was sent, and Link goes out with the response alone.</returns>
    public static async Task<bool> SendEarlyHintsAsync(
        this HttpResponse response, bool toAnyClient = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(response);
        var (context, links) = (response.HttpContext, response.Headers.Link);
        if (response.HasStarted || links.Count == 0 || !HttpProtocol.IsHttp11(context.Request.Protocol)
            || !(toAnyClient || context.Request.Headers["Sec-Fetch-Mode"] == "navigate")
            || context.Features.Get<IConnectionTransportFeature>() is not { } connection)
        {
            return false;
        }

        var head = new StringBuilder("HTTP/1.1 103 Early Hints\r\n");
        foreach (var link in links)
        {
            if (link is null || link.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                return false;
            }

            head.Append("Link: ").Append(link).Append("\r\n");
        }

        var bytes = Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
        var flushed = await connection.Transport.Output.WriteAsync(bytes, cancellationToken);
        return !flushed.IsCompleted;
    }
}
