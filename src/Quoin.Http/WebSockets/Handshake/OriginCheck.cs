namespace Quoin.Http.WebSockets.Handshake;

/// <summary>
/// Whether a page may connect. Browsers send cookies with a WebSocket's handshake whatever page opens it, and no CORS
/// holds them back: without this check any page could act for its reader (cross-site WebSocket hijacking, RFC 6455
/// §10.2).
/// </summary>
internal static class OriginCheck
{
    /// <param name="origins">The values of the header.</param>
    /// <param name="host">What the request asks for, with its port.</param>
    public static bool Allows(IReadOnlyList<string> allowed, IReadOnlyList<string?> origins, string? host)
    {
        if (origins.Count == 0)
        {
            return true;
        }

        if (origins is not [{ } origin])
        {
            return false;
        }

        foreach (var one in allowed)
        {
            if (one is "*" || string.Equals(one, origin, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        // The scheme is not compared: behind a proxy that ends TLS the request has another one.
        return allowed.Count == 0 && Uri.TryCreate(origin, UriKind.Absolute, out var page)
            && Uri.TryCreate(page.Scheme + "://" + host, UriKind.Absolute, out var asked)
            && string.Equals(page.Authority, asked.Authority, StringComparison.OrdinalIgnoreCase);
    }
}
