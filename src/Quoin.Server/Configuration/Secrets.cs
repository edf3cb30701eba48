using System.Net;

namespace Quoin.Server.Configuration;

/// <summary>Keeps secrets out of what is printed.</summary>
internal static class Secrets
{
    public const string Mask = "***";

    /// <summary>The password of a URL such as <c>redis://:password@host</c>; null: there is none.</summary>
    public static string? PasswordOf(Uri url)
    {
        var colon = url.UserInfo.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : WebUtility.UrlDecode(url.UserInfo[(colon + 1)..]);
    }

    /// <summary>The text without what a URL carries beside the address: user, password, query and fragment.</summary>
    /// <param name="url">The text was meant as a URL, whatever it looks like.</param>
    public static string MaskUrl(string text, bool url)
    {
        var address = text.IndexOf("://", StringComparison.Ordinal);
        if (address < 0 && !url)
            return text;
        // Up to the last @, since a password may hold one, and a slash where it is mistyped.
        var (start, end) = (address < 0 ? 0 : address + 3, text.LastIndexOf('@'));
        if (end >= start)
            text = string.Concat(text.AsSpan(0, start), Mask, text.AsSpan(end));
        var query = text.IndexOfAny(['?', '#']);
        return query < 0 ? text : text[..(query + 1)] + Mask;
    }
}
