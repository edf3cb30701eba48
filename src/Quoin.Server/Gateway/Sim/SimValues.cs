using System.Buffers;
using System.Globalization;

namespace Quoin.Server.Gateway.Sim;

/// <summary>Durations (<c>500ms</c>, <c>1m30s</c>) and sizes (<c>64MB</c>) of scenarios, as in the configuration.</summary>
internal static class SimValues
{
    private static readonly SearchValues<char> Numerals = SearchValues.Create("0123456789.");
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    public static TimeSpan? Duration(string text)
    {
        var total = TimeSpan.Zero;
        ReadOnlySpan<char> rest = text is "0" ? "0s" : text;
        if (rest.IsEmpty)
        {
            return null;
        }

        while (!rest.IsEmpty)
        {
            var unit = rest.IndexOfAnyExcept(Numerals);
            if (unit <= 0 || !double.TryParse(
                rest[..unit], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[unit..];
            var end = rest.IndexOfAny(Numerals);
            end = end < 0 ? rest.Length : end;
            var milliseconds = rest[..end] switch
            {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                _ => 0,
            };
            if (milliseconds == 0 || number * milliseconds > Longest.TotalMilliseconds)
            {
                return null;
            }

            total += TimeSpan.FromMilliseconds(number * milliseconds);
            rest = rest[end..];
        }

        return total <= Longest ? total : null;
    }

    public static long? Size(string text, long least, long most)
    {
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var digits = end < 0 ? text : text[..end];
        var unit = (end < 0 ? "" : text[end..].ToUpperInvariant()) switch
        {
            "" or "B" => 1L,
            "KB" => 1L << 10,
            "MB" => 1L << 20,
            "GB" => 1L << 30,
            _ => 0,
        };
        return unit > 0 && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= most / unit && number * unit >= least ? number * unit : null;
    }
}
