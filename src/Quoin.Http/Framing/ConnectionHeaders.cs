using Microsoft.AspNetCore.Http;

namespace Quoin.Http.Framing;

/// <summary>
/// Headers that speak of an HTTP/1 connection make a request of a later version malformed (RFC 9113 §8.2.2, RFC 9114
/// §4.2): whoever passes it on as HTTP/1 would frame it by them. Kestrel looks at <c>Connection</c> and <c>TE</c>.
/// </summary>
internal static class ConnectionHeaders
{
    /// <summary>PROTOCOL_ERROR (RFC 9113 §7).</summary>
    public const int ProtocolError = 1;

    public static bool AreForeign(HttpRequest request)
    {
        var headers = request.Headers;
        return !HttpProtocol.IsHttp11(request.Protocol) && !HttpProtocol.IsHttp10(request.Protocol)
            && (headers.TransferEncoding.Count > 0 || headers.Upgrade.Count > 0 || headers.KeepAlive.Count > 0
                || headers.ContainsKey("Proxy-Connection"));
    }
}
