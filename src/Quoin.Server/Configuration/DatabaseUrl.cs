namespace Quoin.Server.Configuration;

/// <summary>
/// How a database is named: <c>sqlite:PATH</c>, and as other programs spell it <c>sqlite:///PATH</c> or
/// <c>sqlite+DRIVER:///PATH</c>, where a fourth slash begins an absolute path.
/// </summary>
internal static class DatabaseUrl
{
    public const string Accepted = "sqlite:PATH, such as sqlite:./data/quoin.db";

    public static bool TryReadPath(string url, out string path)
    {
        path = "";
        var colon = url.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return false;
        }

        var scheme = url.AsSpan(0, colon);
        var plus = scheme.IndexOf('+');
        if (!(plus < 0 ? scheme : scheme[..plus]).SequenceEqual("sqlite"))
        {
            return false;
        }

        path = url[(colon + 1)..];
        if (path.StartsWith("///", StringComparison.Ordinal))
        {
            path = path[3..];
        }
        else if (path.StartsWith("//", StringComparison.Ordinal))
        {
            return false;
        }

        return path.Length > 0 && path != ":memory:" && !path.AsSpan().ContainsAny('\0', '?');
    }

    /// <summary>With its whole path; what cannot be read stays as it is and is refused by a check.</summary>
    public static string Resolve(string url, string folder) =>
        TryReadPath(url, out var path) ? "sqlite:" + Path.GetFullPath(path, folder) : url;
}
