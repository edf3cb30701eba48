using System.Net;
using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Workers;

/// <summary>
/// Marks the connections of the socket between the processes, and names what is said there only. Whoever can open that
/// socket has this server's rights already, for its folder is closed to others.
/// </summary>
internal sealed class InternalConnection
{
    public const string LivePath = "/worker/live";
    public const string MetricsPath = "/worker/metrics";

    /// <summary>Where a request that another worker passes on came from: address, port, and scheme.</summary>
    public const string PeerHeader = "X-Quoin-Peer";

    /// <summary>The answer shall be this process's alone.</summary>
    public const string AloneHeader = "X-Quoin-Alone";

    public static readonly InternalConnection Instance = new();

    private InternalConnection()
    {
    }

    public static string PeerOf(HttpContext http) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{http.Request.Scheme} {http.Connection.RemotePort} {http.Connection.RemoteIpAddress}");

    /// <summary>Makes a request that was passed on look as it did to the worker that it came to.</summary>
    public static void Restore(HttpContext http)
    {
        var parts = http.Request.Headers[PeerHeader].ToString().Split(' ', 3);
        http.Request.Headers.Remove(PeerHeader);
        if (parts.Length == 3 && IPAddress.TryParse(parts[2], out var address)
            && int.TryParse(parts[1], System.Globalization.CultureInfo.InvariantCulture, out var port))
        {
            http.Request.Scheme = parts[0];
            (http.Connection.RemoteIpAddress, http.Connection.RemotePort) = (address, port);
        }
    }
}
