using System.IO.Enumeration;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Keys;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>The limits of a configuration, read once.</summary>
internal sealed class RateLimitPlan
{
    private readonly Rate _requests;
    private readonly (string Pattern, Rate Rate)[] _models;
    private readonly long _tokens;

    public RateLimitPlan(RateLimitOptions options)
    {
        (Enabled, ByAddress, _tokens) = (options.Enabled, options.Per == "ip", options.TokensPerMinute);
        Shared = options.Store == "redis";
        _requests = Rate.Parse(options.Default);
        _models = [.. options.Models.Select(model => (model.Key, Rate.Parse(model.Value)))];
    }

    public bool Enabled { get; }

    public bool ByAddress { get; }

    /// <summary>Counted by all nodes together.</summary>
    public bool Shared { get; }

    public Rate RequestsOf(ApiKey? key) => key?.Requests ?? _requests;

    /// <summary>Null: no limit.</summary>
    public Rate? TokensOf(ApiKey? key) =>
        (key?.Options.TokensPerMinute ?? _tokens) is > 0 and var count ? new Rate(count, 60) : null;

    public bool TryFindModel(string model, out string pattern, out Rate rate)
    {
        foreach (var (candidate, limit) in _models)
        {
            if (FileSystemName.MatchesSimpleExpression(candidate, model, ignoreCase: false))
            {
                (pattern, rate) = (candidate, limit);
                return true;
            }
        }

        (pattern, rate) = ("", default);
        return false;
    }
}
