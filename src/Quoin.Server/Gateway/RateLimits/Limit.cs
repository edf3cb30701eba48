using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>What a limit counts.</summary>
internal enum LimitUnit
{
    Requests,
    Tokens,

    /// <summary>Billionths of a US dollar.</summary>
    Cost,
}

/// <summary>One kind of limit: what it counts, and of whom.</summary>
/// <param name="OfModel">Of a model, all callers together; else of one caller.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Limit(LimitUnit Unit, bool OfModel)
{
    /// <summary>In the order in which they are asked: those of requests first, which nothing settles.</summary>
    public static readonly Limit[] All =
    [
        new(LimitUnit.Requests, OfModel: false), new(LimitUnit.Requests, OfModel: true),
        new(LimitUnit.Tokens, OfModel: false), new(LimitUnit.Tokens, OfModel: true),
        new(LimitUnit.Cost, OfModel: false), new(LimitUnit.Cost, OfModel: true),
    ];

    /// <summary>In headers and metrics.</summary>
    public string Name => (Unit, OfModel) switch
    {
        (LimitUnit.Requests, false) => "requests",
        (LimitUnit.Requests, true) => "model",
        (LimitUnit.Tokens, false) => "tokens",
        (LimitUnit.Tokens, true) => "model-tokens",
        (_, false) => "cost",
        (_, true) => "model-cost",
    };
}
