using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Server.Gateway.Routing;

/// <summary>
/// A configuration compiled for requests: immutable, swapped whole by a reload. A request keeps the one it began
/// with.
/// </summary>
internal sealed class GatewaySnapshot
{
    private readonly Dictionary<string, IReadOnlyList<Candidate>> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Account> _accounts;

    public GatewaySnapshot(QuoinOptions options, IReadOnlyList<Upstream> upstreams, ProviderStates states)
    {
        Options = options;
        Breaker = states.BreakerSettingsOf(options);
        _accounts = upstreams.ToDictionary(
            upstream => upstream.Name, upstream => new Account(upstream, states.Of(upstream.Name)),
            StringComparer.Ordinal);
        Keys = new KeyRing(options.Auth);
        RateLimits = new RateLimitPlan(options.RateLimit);
        Prices = new PriceBook(options);
        Upstreams = upstreams.ToDictionary(upstream => upstream.Name, StringComparer.Ordinal);
        Preferred = options.ProviderPreference.Count > 0
            ? [.. options.ProviderPreference.Select(name => Upstreams[name])]
            : upstreams;
        foreach (var (name, candidates) in options.Models)
        {
            _routes[name] = CompileRoute(name, candidates);
        }

        Defaults =
        [
            .. Preferred.Select(upstream => (Upstream: upstream, Model: OwnModel(upstream)))
                .Where(own => own.Model is not null)
                .Select((own, i) => CandidateFor(own.Upstream, own.Model!) with { Group = i }),
        ];
    }

    public QuoinOptions Options { get; }

    public BreakerSettings Breaker { get; }

    public IEnumerable<Account> Accounts => _accounts.Values;
    public KeyRing Keys { get; }

    public RateLimitPlan RateLimits { get; }

    public PriceBook Prices { get; }

    public IReadOnlyDictionary<string, Upstream> Upstreams { get; }

    /// <summary>Providers in the order in which they are asked for a model that no route names.</summary>
    public IReadOnlyList<Upstream> Preferred { get; }

    public IEnumerable<string> RouteNames => _routes.Keys;

    /// <summary>For a request that names no model: each preferred provider with its own first.</summary>
    public IReadOnlyList<Candidate> Defaults { get; }

    /// <summary>
    /// Hapax's clients need not name a model: theirs is that of the first provider that is configured with one.
    /// </summary>
    public string? DefaultModelFor(WireApi api) => api != WireApi.OpenAICompletions
        ? null
        : Defaults is [var first, ..] ? first.Model : null;

    public bool TryGetRoute(string model, out IReadOnlyList<Candidate> candidates)
    {
        var found = _routes.TryGetValue(model, out var route);
        candidates = route ?? [];
        return found;
    }

    private static string? OwnModel(Upstream upstream) =>
        upstream.Provider.AdvertisedModels.FirstOrDefault(name => !name.Contains('*', StringComparison.Ordinal));

    public Account AccountOf(Upstream upstream) => _accounts[upstream.Name];

    public Candidate CandidateFor(Upstream upstream, string model) => new(upstream, model, AccountOf(upstream));

    /// <summary>
    /// Candidates of a group stand together, at the place of its first; a candidate without one is a group of its own.
    /// </summary>
    private Candidate[] CompileRoute(string route, IReadOnlyList<CandidateOptions> candidates)
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        var compiled = new Candidate[candidates.Count];
        for (var i = 0; i < compiled.Length; i++)
        {
            var group = i;
            if (candidates[i].Group is { Length: > 0 } name && !groups.TryAdd(name, i))
            {
                group = groups[name];
            }

            compiled[i] = Compile(route, candidates[i]) with { Group = group };
        }

        return [.. compiled.OrderBy(candidate => candidate.Group)];
    }

    private Candidate Compile(string route, CandidateOptions candidate)
    {
        var upstream = Upstreams[candidate.Provider];
        var model = candidate.Model ?? upstream.Provider.Options.Model ?? route;
        return new Candidate(upstream, model, AccountOf(upstream)) { Options = candidate };
    }
}
