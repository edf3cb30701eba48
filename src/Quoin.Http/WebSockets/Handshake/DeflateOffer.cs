namespace Quoin.Http.WebSockets.Handshake;

/// <summary>What the client's extensions come to.</summary>
internal enum DeflateAnswer
{
    /// <summary>No offer, or none that can be taken.</summary>
    None,
    Taken,

    /// <summary>The header cannot be understood.</summary>
    Malformed,
}

/// <summary>
/// Reads <c>Sec-WebSocket-Extensions</c> (RFC 6455 §9.1) and takes the first offer of permessage-deflate that can be
/// kept to (RFC 7692 §7.1): one with an unknown parameter, a wrong value or a parameter twice cannot, nor one that
/// wants a window smaller than the 32 KB with which this platform compresses.
/// </summary>
internal static class DeflateOffer
{
    /// <summary>The answer that always goes with <see cref="DeflateAnswer.Taken"/>: see MessageDeflater.</summary>
    public const string Response = Name + "; " + ServerTakeover + "; " + ClientTakeover;

    private const string Name = "permessage-deflate";
    private const string ServerTakeover = "server_no_context_takeover";
    private const string ClientTakeover = "client_no_context_takeover";
    private const string ServerBits = "server_max_window_bits";
    private const string ClientBits = "client_max_window_bits";

    public static DeflateAnswer Choose(ReadOnlySpan<char> header)
    {
        var answer = DeflateAnswer.None;
        var rest = header.Trim(" \t");
        while (!rest.IsEmpty)
        {
            if (!TryReadOffer(ref rest, out var acceptable))
            {
                return DeflateAnswer.Malformed;
            }

            if (acceptable)
            {
                answer = DeflateAnswer.Taken;
            }
        }

        return answer;
    }

    /// <summary>Reads up to the comma that ends it.</summary>
    private static bool TryReadOffer(ref ReadOnlySpan<char> rest, out bool acceptable)
    {
        acceptable = false;
        if (!TryReadToken(ref rest, out var name))
        {
            return false;
        }

        var good = name.Equals(Name, StringComparison.OrdinalIgnoreCase);
        var seen = 0;
        while (Skip(ref rest, ';'))
        {
            if (!TryReadToken(ref rest, out var parameter))
            {
                return false;
            }

            var bit = 0;
            if (!Skip(ref rest, '='))
            {
                bit = BitOf(parameter, hasValue: false, default);
            }
            else if (TryReadValue(ref rest, out var value))
            {
                bit = BitOf(parameter, hasValue: true, value);
            }
            else
            {
                return false;
            }

            good &= bit != 0 && (seen & bit) == 0;
            seen |= bit;
        }

        acceptable = good;
        return rest.IsEmpty || (Skip(ref rest, ',') && !rest.IsEmpty);
    }

    /// <summary>A bit for each parameter that can be kept to, 0 for all others.</summary>
    private static int BitOf(ReadOnlySpan<char> parameter, bool hasValue, ReadOnlySpan<char> value) => parameter switch
    {
        ServerTakeover when !hasValue => 1,
        ClientTakeover when !hasValue => 2,
        ServerBits when value is "15" => 4,

        // Whatever the client's window is, it fits into ours.
        ClientBits when !hasValue || value is "8" or "9" or "10" or "11" or "12" or "13" or "14" or "15" => 8,
        _ => 0,
    };

    private static bool Skip(ref ReadOnlySpan<char> rest, char separator)
    {
        if (rest.IsEmpty || rest[0] != separator)
        {
            return false;
        }

        rest = rest[1..].TrimStart(" \t");
        return true;
    }

    private static bool TryReadToken(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> token)
    {
        var length = 0;
        while (length < rest.Length && IsTokenCharacter(rest[length]))
        {
            length++;
        }

        token = rest[..length];
        rest = rest[length..].TrimStart(" \t");
        return length > 0;
    }

    /// <summary>A token, or one in quotes. No value that means something has an escape in it.</summary>
    private static bool TryReadValue(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> value)
    {
        var quoted = !rest.IsEmpty && rest[0] == '"';
        rest = quoted ? rest[1..] : rest;
        return TryReadToken(ref rest, out value) && (!quoted || Skip(ref rest, '"'));
    }

    private static bool IsTokenCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
}
