using Quoin.Server.Configuration;

namespace Quoin.Server.Control.Routes;

/// <summary>An entry of <c>routes:</c>; a feature of the requests that came by it.</summary>
/// <param name="Paths">Where it answers: with its version, and bare where no route before it has that path.</param>
/// <param name="Methods">What it takes.</param>
internal sealed record ExposedRoute(
    RouteOptions Options, BuiltInHandler Handler, IReadOnlyList<string> Paths, IReadOnlyList<string> Methods)
{
    private readonly HashSet<string> _middleware =
        [.. Options.Middleware.Select(name => name.Replace("-", "", StringComparison.Ordinal))];

    public string Allow { get; } = string.Join(", ", Methods);

    public bool Has(string middleware) => _middleware.Contains(middleware);
}
