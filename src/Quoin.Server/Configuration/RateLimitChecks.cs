using System.Globalization;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>What is wrong with <c>rate_limit:</c>, and with limits in money wherever they stand.</summary>
internal static class RateLimitChecks
{
    public static IEnumerable<SettingFault> Check(QuoinOptions options)
    {
        var limits = options.RateLimit;
        foreach (var (path, text) in Rates(limits))
        {
            if (text is not null && !Rate.TryParse(text, out _))
            {
                yield return new(
                    ConfigurationErrorKind.WrongType, path, "not a rate", Rate.Accepted, Text.Quoted(text));
            }
        }

        foreach (var (name, _) in limits.Models.Where(
            model => model.Value is { Requests: null, Tokens: null, Cost: null }))
        {
            yield return new(
                ConfigurationErrorKind.Missing, PathOf(name), "a limit of nothing",
                "requests, tokens, cost or several");
        }

        foreach (var (path, text) in MoneyRates(limits))
        {
            if (!MoneyRate.TryParse(text, out _))
            {
                yield return new(
                    ConfigurationErrorKind.WrongType, path, "not a rate of money", MoneyRate.Accepted,
                    Text.Quoted(text));
            }
        }

        if (options.Providers.Values.Any(provider => provider.Prices.Count > 0))
        {
            yield break;
        }

        // It would limit nobody and look as if it did.
        foreach (var (path, text) in MoneyRates(limits).Concat(KeyRates(options.Auth)))
        {
            if (MoneyRate.TryParse(text, out var rate) && rate is not null)
            {
                yield return new(
                    ConfigurationErrorKind.Contradiction, path, "a limit in money, and no provider has prices",
                    "prices: {\"*\": {input: N, output: N}} of a provider beside it", Text.Quoted(text));
            }
        }
    }

    private static IEnumerable<(string Path, string? Text)> Rates(RateLimitOptions limits) => limits.Models
        .SelectMany(model => ((string, string?)[])
        [
            (PathOf(model.Key) + ".requests", model.Value.Requests),
            (PathOf(model.Key) + ".tokens", model.Value.Tokens),
        ])
        .Prepend(("rate_limit.default", limits.Default));

    private static IEnumerable<(string Path, string Text)> MoneyRates(RateLimitOptions limits) => limits.Models
        .Select(model => (PathOf(model.Key) + ".cost", model.Value.Cost ?? ""))
        .Prepend(("rate_limit.cost", limits.Cost))
        .Where(rate => rate.Item2.Length > 0);

    private static IEnumerable<(string Path, string Text)> KeyRates(AuthOptions auth) => auth.Keys
        .Select((key, i) => (
            string.Create(CultureInfo.InvariantCulture, $"auth.keys[{i}].cost"), key.Cost ?? ""));

    private static string PathOf(string model) => $"rate_limit.models.{Text.Printable(model)}";
}
