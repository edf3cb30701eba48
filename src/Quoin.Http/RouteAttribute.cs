using System.Diagnostics.CodeAnalysis;

namespace Quoin.Http;

/// <summary>Makes a method the handler of a route; it is added by <see cref="HttpApp.AddRoutes(object)"/>.</summary>
/// <param name="pattern">As of <see cref="HttpApp.Get"/>.</param>
/// <param name="methods">HTTP methods, at least one.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public class RouteAttribute([StringSyntax("Route")] string pattern, params string[] methods) : Attribute
{
    /// <summary>As of <see cref="HttpApp.Get"/>.</summary>
    public string Pattern { get; } = pattern;

    /// <summary>HTTP methods.</summary>
    public IReadOnlyList<string> Methods { get; } = methods;
}

/// <summary>Handles GET, and HEAD without the body.</summary>
/// <inheritdoc/>
public sealed class GetAttribute([StringSyntax("Route")] string pattern) : RouteAttribute(pattern, "GET", "HEAD");

/// <summary>Handles POST.</summary>
/// <inheritdoc/>
public sealed class PostAttribute([StringSyntax("Route")] string pattern) : RouteAttribute(pattern, "POST");

/// <summary>Handles PUT.</summary>
/// <inheritdoc/>
public sealed class PutAttribute([StringSyntax("Route")] string pattern) : RouteAttribute(pattern, "PUT");

/// <summary>Handles PATCH.</summary>
/// <inheritdoc/>
public sealed class PatchAttribute([StringSyntax("Route")] string pattern) : RouteAttribute(pattern, "PATCH");

/// <summary>Handles DELETE.</summary>
/// <inheritdoc/>
public sealed class DeleteAttribute([StringSyntax("Route")] string pattern) : RouteAttribute(pattern, "DELETE");
