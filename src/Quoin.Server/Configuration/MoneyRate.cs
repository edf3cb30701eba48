using System.Globalization;

namespace Quoin.Server.Configuration;

/// <summary>
/// So many US dollars in a period, <c>0.50/hour</c>: a <see cref="Rate"/> of billionths, in which costs are counted.
/// </summary>
internal static class MoneyRate
{
    public const long BillionthsOfDollar = 1_000_000_000;

    /// <summary>
    /// Of dollars: sixty periods of it, what a caller can owe, are exact in the doubles in which Redis counts.
    /// </summary>
    public const int Most = 100_000;

    public const string Accepted =
        "N/second, N/minute, N/hour or N/day, N in US dollars, 0.000001..100000, with six decimals at most; or 0";

    /// <summary>Of a configuration that was found valid. Null: no limit.</summary>
    public static Rate? Parse(string? text) => string.IsNullOrEmpty(text)
        ? null
        : TryParse(text, out var rate) ? rate : throw new ArgumentException("not a rate of money", nameof(text));

    /// <param name="rate">Null for <c>0</c>: no limit.</param>
    public static bool TryParse(string text, out Rate? rate)
    {
        rate = null;
        if (text == "0")
        {
            return true;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !decimal.TryParse(
                text.AsSpan(0, slash).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                out var dollars)
            || dollars is < 0.000001m or > Most || decimal.Round(dollars, 6) != dollars
            || Rate.SecondsOf(text.AsSpan(slash + 1).Trim()) is not (> 0 and var seconds))
        {
            return false;
        }

        rate = new Rate((long)(dollars * BillionthsOfDollar), seconds);
        return true;
    }
}
