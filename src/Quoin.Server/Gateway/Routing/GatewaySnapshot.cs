using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway.Routing;

/// <summary>One way to answer a request: a provider and its name for the model.</summary>
internal readonly record struct Candidate(Upstream Upstream, string Model);

/// <summary>
/// A configuration compiled for requests: immutable, swapped whole by a reload. A request keeps the one it began
/// with.
/// </summary>
internal sealed class GatewaySnapshot
{
    private readonly Dictionary<string, IReadOnlyList<Candidate>> _routes = new(StringComparer.Ordinal);

    public GatewaySnapshot(QuoinOptions options, IReadOnlyList<Upstream> upstreams)
    {
        Options = options;
        Upstreams = upstreams.ToDictionary(upstream => upstream.Name, StringComparer.Ordinal);
        Preferred = options.ProviderPreference.Count > 0
            ? [.. options.ProviderPreference.Select(name => Upstreams[name])]
            : upstreams;
        foreach (var (name, candidates) in options.Models)
        {
            _routes[name] = [.. candidates.Select(candidate => Compile(name, candidate))];
        }
    }

    public QuoinOptions Options { get; }

    public IReadOnlyDictionary<string, Upstream> Upstreams { get; }

    /// <summary>Providers in the order in which they are asked for a model that no route names.</summary>
    public IReadOnlyList<Upstream> Preferred { get; }

    public IEnumerable<string> RouteNames => _routes.Keys;

    /// <summary>
    /// Hapax's clients need not name a model: theirs is that of the first provider that is configured with one.
    /// </summary>
    public string? DefaultModelFor(WireApi api) => api != WireApi.OpenAICompletions
        ? null
        : Preferred.SelectMany(upstream => upstream.Provider.AdvertisedModels)
            .FirstOrDefault(name => !name.Contains('*', StringComparison.Ordinal));

    public bool TryGetRoute(string model, out IReadOnlyList<Candidate> candidates)
    {
        var found = _routes.TryGetValue(model, out var route);
        candidates = route ?? [];
        return found;
    }

    private Candidate Compile(string route, CandidateOptions candidate)
    {
        var upstream = Upstreams[candidate.Provider];
        return new Candidate(upstream, candidate.Model ?? upstream.Provider.Options.Model ?? route);
    }
}
