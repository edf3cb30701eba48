using System.Globalization;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;

namespace Quoin.Server.Control.Routes;

/// <summary>The routes of a configuration by path.</summary>
internal sealed class RouteTable
{
    private static readonly string[] Middleware = ["auth", "ratelimit", "rate-limit", "cors", "logging"];

    private readonly Dictionary<string, ExposedRoute> _byPath = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Prefix, ExposedRoute Route)> _prefixes = [];

    public RouteTable(QuoinOptions options)
    {
        foreach (var route in options.Routes)
        {
            var handler = BuiltInHandler.Find(route.Handler, options)!;
            var exposed = new ExposedRoute(
                route, handler, PathsOf(route), route.Methods.Count == 0 ? handler.Methods : route.Methods);
            foreach (var path in exposed.Paths)
            {
                if (handler.TakesRest)
                {
                    _prefixes.Add((path, exposed));
                }
                else
                {
                    _byPath.TryAdd(path, exposed);
                }
            }
        }
    }

    /// <summary>What is wrong with <c>routes:</c>, by key.</summary>
    public static IEnumerable<(string Key, string Message)> Check(QuoinOptions options)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < options.Routes.Count; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"routes[{i}]");
            foreach (var (name, message) in Check(options.Routes[i], options))
            {
                yield return ($"{key}.{name}", message);
            }

            if (!taken.Add(PathsOf(options.Routes[i])[0]))
            {
                yield return ($"{key}.path", "has this path and version a second time; accepted: another of either");
            }
        }
    }

    /// <param name="path">As it came.</param>
    /// <param name="target">Where its handler is mapped.</param>
    public ExposedRoute? Find(PathString path, out PathString target)
    {
        target = path;
        var text = path.Value is { Length: > 1 } value && value.EndsWith('/') ? value[..^1] : path.Value ?? "";
        if (_byPath.TryGetValue(text, out var route))
        {
            target = route.Handler.Path;
            return route;
        }

        foreach (var (prefix, candidate) in _prefixes)
        {
            if (path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase, out var rest) && rest.HasValue)
            {
                target = new PathString(candidate.Handler.Path).Add(rest);
                return candidate;
            }
        }

        return null;
    }

    private static IEnumerable<(string Name, string Message)> Check(RouteOptions route, QuoinOptions options)
    {
        if (!route.Path.StartsWith('/') || route.Path.Length < 2 || route.Path.EndsWith('/')
            || !Uri.IsWellFormedUriString(route.Path, UriKind.Relative) || route.Path.AsSpan().ContainsAny("?#%{"))
        {
            yield return ("path", $"\"{route.Path}\"; accepted: a path such as /status, without a slash at its end");
        }
        else if (new PathString(route.Path).StartsWithSegments("/api/v1", StringComparison.OrdinalIgnoreCase))
        {
            yield return ("path", $"\"{route.Path}\" is the control plane's; accepted: a path outside /api/v1");
        }

        if (route.Version is { } version && (version.Length == 0 || !version.All(IsVersionCharacter)))
        {
            yield return ("version", $"\"{version}\"; accepted: letters, digits, '.', '_' and '-', such as v1");
        }

        if (route.Handler == "metrics" && !options.Metrics.Enabled)
        {
            yield return ("handler", "metrics.enabled is false; accepted: another handler, or metrics.enabled: true");
        }

        var handler = BuiltInHandler.Find(route.Handler, options);
        if (handler is not null && route.Methods.FirstOrDefault(m => !handler.Methods.Contains(m)) is { } method)
        {
            var accepted = string.Join(", ", handler.Methods);
            yield return ("methods", $"\"{method}\"; accepted by {route.Handler}: {accepted}");
        }

        if (route.Middleware.FirstOrDefault(name => !Middleware.Contains(name)) is { } unknown)
        {
            yield return ("middleware", $"\"{unknown}\"; accepted: auth, ratelimit, cors, logging");
        }

        if (route.Middleware.Contains("cors") && options.Server.Cors.AllowedOrigins.Count == 0)
        {
            yield return ("middleware", "cors, and no origin is allowed; accepted: with server.cors.allowed_origins");
        }

        if (route.Headers.Keys.FirstOrDefault(name => name.Length == 0 || !name.All(IsTokenCharacter)) is { } header)
        {
            yield return ("headers", $"\"{header}\"; accepted: names of HTTP headers");
        }
    }

    /// <summary>The versioned path first; a path that begins with its version has it once.</summary>
    private static IReadOnlyList<string> PathsOf(RouteOptions route) =>
        string.IsNullOrEmpty(route.Version) ? [route.Path]
        : route.Path.StartsWith($"/{route.Version}/", StringComparison.OrdinalIgnoreCase) ? [route.Path]
        : [$"/{route.Version}{route.Path}", route.Path];

    private static bool IsVersionCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';

    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c);
}
