using System.Globalization;
using System.Runtime.InteropServices;

namespace Quoin.Server.Configuration;

/// <summary>So many units in a period; as many may be taken at once. <c>60/minute</c>.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Rate(long Count, int Seconds)
{
    /// <summary>Above it arithmetic in units × ticks leaves 128 bits far behind; nobody needs more.</summary>
    public const long MostCount = 1_000_000_000;

    public const string Accepted = "N/second, N/minute, N/hour or N/day, N in 1..1000000000";

    /// <summary>Of a configuration that was found valid.</summary>
    public static Rate Parse(string text) =>
        TryParse(text, out var rate) ? rate : throw new ArgumentException("not a rate", nameof(text));

    public static bool TryParse(string text, out Rate rate)
    {
        rate = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !long.TryParse(
                text.AsSpan(0, slash).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > MostCount)
        {
            return false;
        }

        rate = new Rate(count, SecondsOf(text.AsSpan(slash + 1).Trim()));
        return rate.Seconds > 0;
    }

    /// <summary>0: no name of a period.</summary>
    public static int SecondsOf(ReadOnlySpan<char> period) => period switch
    {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86400,
        _ => 0,
    };
}
