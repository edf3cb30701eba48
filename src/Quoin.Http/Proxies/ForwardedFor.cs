using System.Globalization;
using System.Net;

namespace Quoin.Http.Proxies;

/// <summary>What a proxy says of one request that it passed on.</summary>
/// <param name="For">Null: it is unknown, obfuscated or cannot be read.</param>
/// <param name="Scheme"><c>http</c>, <c>https</c> or null.</param>
/// <param name="Host">As it may stand in a URL, or null.</param>
internal readonly record struct ForwardedHop(IPAddress? For, string? Scheme, string? Host);

/// <summary>
/// Finds the client behind proxies. Each proxy adds a hop at the right; from there, while the one who speaks is
/// trusted, the hop is believed and its client is the next who speaks. So the client is the right-most that is not
/// trusted, and what it wrote itself, further left, is never looked at. A hop that cannot be read ends the walk with
/// the last who was known.
/// </summary>
internal static class ForwardedFor
{
    /// <param name="hops">The first is the client's own, the last was added by <paramref name="peer"/>.</param>
    public static ForwardedHop Resolve(
        IPAddress peer, IReadOnlyList<ForwardedHop> hops, TrustedNetworks trusted, int maxHops)
    {
        var found = new ForwardedHop(peer, null, null);
        var speaks = peer;
        for (var i = hops.Count - 1; i >= Math.Max(0, hops.Count - maxHops) && trusted.Contains(speaks); i--)
        {
            var hop = hops[i];
            found = new(hop.For ?? found.For, hop.Scheme ?? found.Scheme, hop.Host ?? found.Host);
            if (hop.For is null)
            {
                break;
            }

            speaks = hop.For;
        }

        return found;
    }

    /// <summary>
    /// An address as proxies write it: with a port or without, IPv6 in brackets or bare. Null for all else, such as
    /// <c>unknown</c>.
    /// </summary>
    public static IPAddress? Address(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text is ['[', .. var bracketed])
        {
            var end = bracketed.IndexOf(']');
            return end > 0 && IsPortOrObfuscated(bracketed[(end + 1)..])
                && IPAddress.TryParse(bracketed[..end], out var six) && bracketed[..end].Contains(':')
                    ? TrustedNetworks.Plain(six)
                    : null;
        }

        var colon = text.IndexOf(':');
        if (colon >= 0 && colon == text.LastIndexOf(':'))
        {
            if (!IsPortOrObfuscated(text[colon..]))
            {
                return null;
            }

            text = text[..colon];
        }

        // Numbers alone, or 127.1, are addresses to the parser but to no proxy.
        var isWritten = text.Contains(':') || text.Count('.') == 3;
        return isWritten && !text.Contains('%') && IPAddress.TryParse(text, out var address)
            ? TrustedNetworks.Plain(address)
            : null;
    }

    public static string? Scheme(ReadOnlySpan<char> text) => text.Trim() switch
    {
        var scheme when scheme.Equals("https", StringComparison.OrdinalIgnoreCase) => "https",
        var scheme when scheme.Equals("http", StringComparison.OrdinalIgnoreCase) => "http",
        _ => null,
    };

    /// <summary>A name or an address with a port or without (RFC 3986 §3.2.2), without an escape.</summary>
    public static string? Host(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text.Length is 0 or > HttpLimits.HostCharacters)
        {
            return null;
        }

        var name = text;
        if (text[0] == '[')
        {
            var end = text.IndexOf(']');
            return end > 0 && IsPort(text[(end + 1)..]) && IPAddress.TryParse(text[1..end], out _)
                ? text.ToString()
                : null;
        }

        var colon = text.IndexOf(':');
        if (colon >= 0)
        {
            if (!IsPort(text[colon..]))
            {
                return null;
            }

            name = text[..colon];
        }

        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '-' or '_'))
            {
                return null;
            }
        }

        return name.IsEmpty ? null : text.ToString();
    }

    /// <summary>Nothing, or a colon and a number.</summary>
    private static bool IsPort(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text is [':', .. var port] && port.Length is > 0 and <= 5
            && !port.ContainsAnyExceptInRange('0', '9') && int.Parse(port, CultureInfo.InvariantCulture) <= 65535);

    /// <summary>A port, or one that is obfuscated (RFC 7239 §6.3): <c>_</c> and more.</summary>
    private static bool IsPortOrObfuscated(ReadOnlySpan<char> text) => text is [':', '_', ..] || IsPort(text);
}
