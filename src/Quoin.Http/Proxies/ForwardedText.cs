namespace Quoin.Http.Proxies;

/// <summary>
/// Reads the header Forwarded (RFC 7239 §4): elements by commas, pairs by semicolons, values as tokens or quoted.
/// <code>Forwarded: for=192.0.2.60;proto=http;host=example.com, for="[2001:db8::1]:4711"</code>
/// An element that is wrong counts as a hop of which nothing is known; after one that does not end nothing is known.
/// </summary>
internal static class ForwardedText
{
    /// <param name="hops">Gets the elements, in their order; the right-most are kept where there are too many.</param>
    public static void Read(ReadOnlySpan<char> text, List<ForwardedHop> hops)
    {
        while (!text.IsEmpty)
        {
            var (end, isWhole) = EndOf(text, ',');
            if (!isWhole)
            {
                Add(hops, default);
                return;
            }

            if (!text[..end].Trim().IsEmpty)
            {
                Add(hops, Element(text[..end]));
            }

            text = end < text.Length ? text[(end + 1)..] : default;
        }
    }

    /// <summary>Reads the three headers X-Forwarded-*, whose lists belong together from the right.</summary>
    public static void Read(string addresses, string schemes, string hosts, List<ForwardedHop> hops)
    {
        var (forEach, schemeOf, hostOf) = (List(addresses), List(schemes), List(hosts));
        for (var i = Math.Min(forEach.Length, HttpLimits.ForwardedHops); i >= 1; i--)
        {
            hops.Add(new(
                ForwardedFor.Address(forEach[^i]), ForwardedFor.Scheme(At(schemeOf, i)),
                ForwardedFor.Host(At(hostOf, i))));
        }

        // A proxy may tell the scheme alone.
        if (forEach.Length == 0 && (schemeOf.Length > 0 || hostOf.Length > 0))
        {
            hops.Add(new(null, ForwardedFor.Scheme(At(schemeOf, 1)), ForwardedFor.Host(At(hostOf, 1))));
        }
    }

    private static string[] List(string header) => header.Length == 0 ? [] : header.Split(',');

    /// <summary>Some proxies add to each list, others set it anew: of a shorter one the first counts.</summary>
    private static string At(string[] list, int fromEnd) =>
        list.Length == 0 ? "" : list[^Math.Min(fromEnd, list.Length)];

    private static void Add(List<ForwardedHop> hops, ForwardedHop hop)
    {
        if (hops.Count == HttpLimits.ForwardedHops)
        {
            hops.RemoveAt(0);
        }

        hops.Add(hop);
    }

    private static ForwardedHop Element(ReadOnlySpan<char> text)
    {
        var hop = default(ForwardedHop);
        var (hasFor, hasScheme, hasHost) = (false, false, false);
        while (!text.IsEmpty)
        {
            var (end, _) = EndOf(text, ';');
            var pair = text[..end].Trim();
            text = end < text.Length ? text[(end + 1)..] : default;
            var equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                if (pair.IsEmpty)
                {
                    continue;
                }

                return default;
            }

            var value = Unquoted(pair[(equals + 1)..]);
            if (value is null)
            {
                return default;
            }

            var twice = false;
            switch (pair[..equals])
            {
                case var name when name.Equals("for", StringComparison.OrdinalIgnoreCase):
                    (twice, hasFor, hop) = (hasFor, true, hop with { For = ForwardedFor.Address(value) });
                    break;
                case var name when name.Equals("proto", StringComparison.OrdinalIgnoreCase):
                    (twice, hasScheme, hop) = (hasScheme, true, hop with { Scheme = ForwardedFor.Scheme(value) });
                    break;
                case var name when name.Equals("host", StringComparison.OrdinalIgnoreCase):
                    (twice, hasHost, hop) = (hasHost, true, hop with { Host = ForwardedFor.Host(value) });
                    break;
            }

            if (twice)
            {
                return default;
            }
        }

        return hop;
    }

    /// <summary>Null: a quote stands where none may.</summary>
    private static string? Unquoted(ReadOnlySpan<char> value)
    {
        if (value is not ['"', .., '"'] || value.Length < 2)
        {
            return value.Contains('"') ? null : value.ToString();
        }

        value = value[1..^1];
        if (!value.ContainsAny('\\', '"'))
        {
            return value.ToString();
        }

        var text = new System.Text.StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '"')
            {
                return null;
            }

            if (value[i] == '\\' && ++i == value.Length)
            {
                return null;
            }

            text.Append(value[i]);
        }

        return text.ToString();
    }

    /// <summary>Where the separator is that is not quoted, or the text's end; false: a quote does not end.</summary>
    private static (int End, bool IsWhole) EndOf(ReadOnlySpan<char> text, char separator)
    {
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (quoted && text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && text[i] == separator)
            {
                return (i, true);
            }
        }

        return (text.Length, !quoted);
    }
}
