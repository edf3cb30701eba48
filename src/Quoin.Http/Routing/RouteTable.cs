using System.Linq.Expressions;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Quoin.Http.Routing;

/// <summary>
/// The routes of an app, on ASP.NET Core's routing. Two handlers for the same method and shape of path, which routing
/// would find ambiguous with the first request, are refused when they are added.
/// </summary>
internal sealed class RouteTable(IEndpointRouteBuilder endpoints, Func<RequestDelegate, RequestDelegate> aroundCached)
{
    private readonly Dictionary<string, string> _taken = new(StringComparer.OrdinalIgnoreCase);

    public RouteHandlerBuilder Add(string pattern, IReadOnlyList<string> methods, Delegate handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(methods);
        if (methods.Count == 0)
        {
            throw new ArgumentException($"{pattern}: has no HTTP method", nameof(methods));
        }

        var shape = ShapeOf(Parse(pattern));
        foreach (var method in methods)
        {
            if (!_taken.TryAdd(method + " " + shape, pattern))
            {
                throw new ArgumentException(
                    $"{method} {pattern}: has a handler already, as {_taken[method + " " + shape]}", nameof(pattern));
            }
        }

        var route = endpoints.MapMethods(pattern, methods, handler);
        route.Finally(endpoint =>
        {
            if (endpoint.Metadata.Any(metadata => metadata is IOutputCachePolicy))
            {
                endpoint.RequestDelegate = aroundCached(endpoint.RequestDelegate!);
            }
        });
        return route;
    }

    /// <param name="target">Null: static methods only.</param>
    public void AddMethods(Type type, object? target)
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        var added = 0;
        foreach (var method in type.GetMethods(All))
        {
            foreach (var route in method.GetCustomAttributes<RouteAttribute>())
            {
                if (target is null && !method.IsStatic)
                {
                    throw new ArgumentException(
                        $"{type.Name}.{method.Name}: is not static; accepted: static, or AddRoutes with an object",
                        nameof(type));
                }

                Add(route.Pattern, route.Methods, DelegateOf(method, method.IsStatic ? null : target));
                added++;
            }
        }

        if (added == 0)
        {
            throw new ArgumentException(
                $"{type.Name}: no method has a route; accepted: [Get(\"/path\")] and its like", nameof(type));
        }
    }

    private static Delegate DelegateOf(MethodInfo method, object? target) => method.CreateDelegate(
        Expression.GetDelegateType(
            [.. method.GetParameters().Select(parameter => parameter.ParameterType), method.ReturnType]),
        target);

    private static RoutePattern Parse(string pattern)
    {
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        try
        {
            return RoutePatternFactory.Parse(pattern);
        }
        catch (RoutePatternException e)
        {
            throw new ArgumentException($"{pattern}: {e.Message}", nameof(pattern), e);
        }
    }

    /// <summary>The pattern without the names of its parameters, which tell no path apart.</summary>
    private static string ShapeOf(RoutePattern pattern) => string.Concat(pattern.PathSegments.Select(segment =>
        "/" + string.Concat(segment.Parts.Select(part => part switch
        {
            RoutePatternLiteralPart literal => literal.Content,
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart parameter => "{"
                + (parameter.IsCatchAll ? "**" : parameter.IsOptional ? "?" : "")
                + string.Concat(parameter.ParameterPolicies.Select(policy => ":" + policy.Content)) + "}",
            _ => "",
        }))));
}
