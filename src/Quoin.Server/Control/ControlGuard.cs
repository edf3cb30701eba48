using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Quoin.Http;

namespace Quoin.Server.Control;

/// <summary>
/// Who may use the control plane: a caller on this machine. A proxy on this machine speaks for others, so a request
/// that was forwarded is not local; and a web page that a local browser shows is not the operator, so a foreign Host
/// (a name bound again to 127.0.0.1) or Origin is refused.
/// </summary>
internal static class ControlGuard
{
    private static readonly string[] ForwardingHeaders = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

    public static bool Admits(HttpContext http)
    {
        var request = http.Request;
        return http.Connection.RemoteIpAddress is { } peer && IPAddress.IsLoopback(Unmapped(peer))
            && !Array.Exists(ForwardingHeaders, request.Headers.ContainsKey) && !HttpEdge.IsForwarded(http)
            && IsLocalName(request.Host.Host)
            && (request.Headers.Origin.Count == 0
                || string.Equals(
                    request.Headers.Origin, UriHelper.BuildAbsolute(request.Scheme, request.Host).TrimEnd('/'),
                    StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsLocalName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(Unmapped(address)));

    private static IPAddress Unmapped(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
