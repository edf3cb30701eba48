using System.IO.Enumeration;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Keys;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>The limits of a configuration, read once.</summary>
internal sealed class RateLimitPlan
{
    private readonly Rate _requests;
    private readonly ModelLimits[] _models;
    private readonly long _tokens;
    private readonly Rate? _cost;

    public RateLimitPlan(RateLimitOptions options)
    {
        (Enabled, ByAddress, _tokens) = (options.Enabled, options.Per == "ip", options.TokensPerMinute);
        Shared = options.Store == "redis";
        _requests = Rate.Parse(options.Default);
        _cost = MoneyRate.Parse(options.Cost);
        _models = [.. options.Models.Select(model => new ModelLimits(model.Key, model.Value))];
    }

    public bool Enabled { get; }

    public bool ByAddress { get; }

    /// <summary>Counted by all nodes together.</summary>
    public bool Shared { get; }

    /// <summary>Null: no limit.</summary>
    public Rate? RateOf(Limit limit, ApiKey? key, ModelLimits? model) => limit switch
    {
        { OfModel: true } => model?.RateOf(limit.Unit),
        { Unit: LimitUnit.Requests } => key?.Requests ?? _requests,
        { Unit: LimitUnit.Tokens } => (key?.Options.TokensPerMinute ?? _tokens) is > 0 and var count
            ? new Rate(count, 60)
            : null,
        _ => key is { HasCost: true } ? key.Cost : _cost,
    };

    /// <summary>The key has a limit of its own, which counts by key always.</summary>
    public static bool HasOwn(ApiKey key, LimitUnit unit) => unit switch
    {
        LimitUnit.Requests => key.Requests is not null,
        LimitUnit.Tokens => key.Options.TokensPerMinute is not null,
        _ => key.HasCost,
    };

    /// <summary>The first that matches; null where none does.</summary>
    public ModelLimits? LimitsOf(string model)
    {
        foreach (var limits in _models)
        {
            if (FileSystemName.MatchesSimpleExpression(limits.Pattern, model, ignoreCase: false))
            {
                return limits;
            }
        }

        return null;
    }
}

/// <summary>The limits of the models that a pattern names, all of them together.</summary>
internal sealed class ModelLimits(string pattern, ModelLimitOptions options)
{
    private readonly Rate? _requests = options.Requests is { } text ? Rate.Parse(text) : null;
    private readonly Rate? _tokens = options.Tokens is { } text ? Rate.Parse(text) : null;
    private readonly Rate? _cost = MoneyRate.Parse(options.Cost);

    public string Pattern { get; } = pattern;

    public Rate? RateOf(LimitUnit unit) => unit switch
    {
        LimitUnit.Requests => _requests,
        LimitUnit.Tokens => _tokens,
        _ => _cost,
    };
}
