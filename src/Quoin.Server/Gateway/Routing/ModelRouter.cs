using System.Collections.Concurrent;
using System.IO.Enumeration;
using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway.Routing;

/// <summary>
/// Finds the candidates for a model's name:
/// 1. a route under <c>models:</c>;
/// 2. <c>PROVIDER/MODEL</c>, which names a provider outright;
/// 3. the providers of <c>provider_preference</c>, in its order, that are configured with the name or own names of its
///    kind; where there is none, the first that lists it;
/// else nothing, and the nearest names for the error.
/// </summary>
internal sealed class ModelRouter(ModelCatalog catalog)
{
    /// <summary>Answers kept of step 3; the names come from clients, so their number is bounded.</summary>
    private const int KeptAnswers = 4096;

    private readonly ConcurrentDictionary<(GatewaySnapshot, string), IReadOnlyList<Candidate>> _answers = new();

    public ValueTask<IReadOnlyList<Candidate>> FindAsync(
        GatewaySnapshot snapshot, string model, CancellationToken cancellationToken)
    {
        if (snapshot.TryGetRoute(model, out var route) || _answers.TryGetValue((snapshot, model), out route!))
        {
            return ValueTask.FromResult(route);
        }

        return FindUnroutedAsync(snapshot, model, cancellationToken);
    }

    /// <summary>A reload may have changed every answer.</summary>
    public void Forget() => _answers.Clear();

    /// <summary>Names that clients may use, for the list of models and for near names.</summary>
    public async Task<IReadOnlyList<ListedModel>> ListAsync(
        GatewaySnapshot snapshot, CancellationToken cancellationToken)
    {
        var models = new List<ListedModel>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var route in snapshot.RouteNames.Where(seen.Add))
        {
            models.Add(new ListedModel(route, "quoin"));
        }

        foreach (var upstream in snapshot.Preferred)
        {
            var listed = Configured(upstream).Concat(await catalog.ListAsync(upstream, cancellationToken));
            models.AddRange(listed.Where(seen.Add).Select(name => new ListedModel(name, upstream.Name)));
        }

        return models;
    }

    private static IEnumerable<string> Configured(Upstream upstream)
    {
        var options = upstream.Provider.Options;
        var named = options.Model is { } model ? [model] : Enumerable.Empty<string>();
        return named.Concat(options.Models.Where(name => !name.Contains('*', StringComparison.Ordinal)));
    }

    private async ValueTask<IReadOnlyList<Candidate>> FindUnroutedAsync(
        GatewaySnapshot snapshot, string model, CancellationToken cancellationToken)
    {
        var answer = FindNamedProvider(snapshot, model) is { } named ? [named] : FindAccepting(snapshot, model);
        if (answer.Count == 0)
        {
            answer = await FindListedAsync(snapshot, model, cancellationToken);
        }

        if (answer.Count == 0)
        {
            return answer;
        }

        if (_answers.Count >= KeptAnswers)
        {
            _answers.Clear();
        }

        _answers[(snapshot, model)] = answer;
        return answer;
    }

    private static Candidate? FindNamedProvider(GatewaySnapshot snapshot, string model)
    {
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0)
        {
            return snapshot.Upstreams.TryGetValue(model, out var whole) && whole.Provider.Options.Model is { } only
                ? snapshot.CandidateFor(whole, only)
                : null;
        }

        return snapshot.Upstreams.TryGetValue(model[..slash], out var upstream)
            ? snapshot.CandidateFor(upstream, model[(slash + 1)..])
            : null;
    }

    /// <summary>All that take the name, each a group of its own, in the order of preference.</summary>
    private static IReadOnlyList<Candidate> FindAccepting(GatewaySnapshot snapshot, string model) =>
    [
        .. snapshot.Preferred.Where(upstream => Accepts(upstream, model))
            .Select((upstream, i) => snapshot.CandidateFor(upstream, model) with { Group = i }),
    ];

    private static bool Accepts(Upstream upstream, string model)
    {
        var options = upstream.Provider.Options;
        if (options.Model == model)
        {
            return true;
        }

        // A list says what there is: a provider that has one takes no other names.
        return options.Models.Count > 0
            ? options.Models.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, model, ignoreCase: false))
            : upstream.Provider.OwnsName(model);
    }

    private async Task<IReadOnlyList<Candidate>> FindListedAsync(
        GatewaySnapshot snapshot, string model, CancellationToken cancellationToken)
    {
        foreach (var upstream in snapshot.Preferred.Where(u => u.Provider.Options.Models.Count == 0))
        {
            if ((await catalog.ListAsync(upstream, cancellationToken)).Contains(model))
            {
                return [snapshot.CandidateFor(upstream, model)];
            }
        }

        return [];
    }
}

/// <param name="Owner">The provider's name, or <c>quoin</c> for a route.</param>
internal readonly record struct ListedModel(string Name, string Owner);
