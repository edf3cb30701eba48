using System.IO.Enumeration;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>The prices of a configuration, by provider and the provider's name of the model.</summary>
internal sealed class PriceBook
{
    private readonly Dictionary<string, (string Pattern, Price Price)[]> _prices = new(StringComparer.Ordinal);

    public PriceBook(QuoinOptions options)
    {
        foreach (var (name, provider) in options.Providers)
        {
            if (provider.Prices.Count > 0)
            {
                _prices[name] = [.. provider.Prices.Select(price => (price.Key, Price.From(price.Value)))];
            }
        }
    }

    public bool TryFind(string provider, string model, out Price price)
    {
        foreach (var (pattern, found) in _prices.GetValueOrDefault(provider, []))
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, model, ignoreCase: false))
            {
                price = found;
                return true;
            }
        }

        price = default;
        return false;
    }

    /// <summary>The most that a request for the model may cost, whoever answers it.</summary>
    /// <param name="model">As the client names it.</param>
    public Price Highest(GatewaySnapshot snapshot, string model)
    {
        var highest = default(Price);
        if (_prices.Count == 0)
        {
            return highest;
        }

        if (snapshot.TryGetRoute(model, out var candidates))
        {
            foreach (var candidate in candidates)
            {
                TryFind(candidate.Upstream.Name, candidate.Model, out var price);
                highest = highest.Or(price);
            }

            return highest;
        }

        var slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && snapshot.Upstreams.ContainsKey(model[..slash]))
        {
            TryFind(model[..slash], model[(slash + 1)..], out highest);
            return highest;
        }

        foreach (var upstream in snapshot.Preferred)
        {
            var named = upstream.Name == model ? upstream.Provider.Options.Model ?? model : model;
            TryFind(upstream.Name, named, out var price);
            highest = highest.Or(price);
        }

        return highest;
    }
}
