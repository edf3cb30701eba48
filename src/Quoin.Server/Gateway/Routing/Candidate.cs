using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway.Routing;

/// <summary>One way to answer a request: a provider and its name for the model.</summary>
internal sealed record Candidate(Upstream Upstream, string Model, Account Account)
{
    private static readonly CandidateOptions NoRoute = new();

    /// <summary>Its entry of the route; one without wishes where no route names it.</summary>
    public CandidateOptions Options { get; init; } = NoRoute;

    /// <summary>Candidates of the same group share the calls; lower ones come first.</summary>
    public int Group { get; init; }

    public ProviderState State => Account.State;
}
