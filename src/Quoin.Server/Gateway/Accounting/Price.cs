using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// What the tokens of a model cost, in whole trillionths of a US dollar each: a price for a million tokens with six
/// decimals is exact. What a call costs is rounded once, to billionths of a dollar.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Price(long Input, long Output, long CachedInput, long CacheWrite, long Reasoning)
{
    /// <summary>Of a US dollar: the unit of all that is summed up and stored.</summary>
    public const long Billionths = 1_000_000_000;

    public static Price From(PriceOptions options)
    {
        var (input, output) = (options.Input ?? 0, options.Output ?? 0);
        return new Price(
            Exact(input), Exact(output), Exact(options.CachedInput ?? input), Exact(options.CacheWrite ?? input),
            Exact(options.Reasoning ?? output));
    }

    /// <summary>Billionths of a dollar.</summary>
    public long CostOf(in TokenUse use)
    {
        var apart = use.CachedInput + use.CacheWrite;
        var sum = ((Int128)Math.Max(use.Input - apart, 0) * Input)
            + ((Int128)use.CachedInput * CachedInput) + ((Int128)use.CacheWrite * CacheWrite)
            + ((Int128)Math.Max(use.Output - use.Reasoning, 0) * Output) + ((Int128)use.Reasoning * Reasoning);
        return (long)Int128.Min((sum + 500) / 1000, long.MaxValue / 1000);
    }

    /// <summary>The dearer in each part: for what may be either.</summary>
    public Price Or(in Price other) => new(
        Math.Max(Input, other.Input), Math.Max(Output, other.Output), Math.Max(CachedInput, other.CachedInput),
        Math.Max(CacheWrite, other.CacheWrite), Math.Max(Reasoning, other.Reasoning));

    public static decimal Dollars(long billionths) => (decimal)billionths / Billionths;

    private static long Exact(double dollars) => (long)Math.Round(dollars * 1e6);
}

/// <summary>Tokens that are charged; the parts are within the totals.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenUse(
    long Input, long Output, long CachedInput = 0, long CacheWrite = 0, long Reasoning = 0, bool Estimated = false)
{
    public long Total => Input + Output;

    public static TokenUse operator +(TokenUse one, TokenUse other) => new(
        one.Input + other.Input, one.Output + other.Output, one.CachedInput + other.CachedInput,
        one.CacheWrite + other.CacheWrite, one.Reasoning + other.Reasoning, one.Estimated | other.Estimated);
}
