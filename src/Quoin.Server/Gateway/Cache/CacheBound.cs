using System.Globalization;

namespace Quoin.Server.Gateway.Cache;

/// <summary>How much a cache may hold (<c>llm.cache.max_size</c>): entries, or bytes where a unit stands behind.</summary>
internal readonly record struct CacheBound(long Amount, bool IsBytes)
{
    public const string Accepted = "a number of entries, 1..10000000, or bytes with a unit such as 256MB, 64KB..1TB";

    private static readonly (string Unit, int Shift)[] Units = [("KB", 10), ("MB", 20), ("GB", 30), ("TB", 40)];

    public long ExpectedEntries => IsBytes ? Math.Max(Amount / CacheLimits.ExpectedEntryBytes, 16) : Amount;

    public static bool TryParse(string text, out CacheBound bound)
    {
        bound = default;
        foreach (var (unit, shift) in Units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                var read = long.TryParse(
                    text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var amount);
                bound = new CacheBound(read && amount <= CacheLimits.MaxBytes >> shift ? amount << shift : 0, true);
                return bound.Amount >= 65536;
            }
        }

        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var entries);
        bound = new CacheBound(entries, false);
        return isNumber && entries is >= 1 and <= CacheLimits.MaxEntries;
    }
}
