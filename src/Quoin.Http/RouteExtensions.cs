using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Quoin.Http.Caching;

namespace Quoin.Http;

/// <summary>What a route may say of itself beside its handler.</summary>
public static class RouteExtensions
{
    /// <summary>
    /// Gives the route a time of its own in the place of <see cref="HttpAppOptions.RequestTimeout"/>.
    /// </summary>
    /// <param name="route">From <see cref="HttpApp.Get"/> and its like.</param>
    /// <param name="timeout">Zero: no limit, as streams want it.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static TBuilder RequestTimeout<TBuilder>(this TBuilder route, TimeSpan timeout)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        return route.WithMetadata(new RequestTimeoutMetadata(timeout));
    }

    /// <summary>
    /// Keeps the route's answers in memory (status 200 without Set-Cookie, to GET and HEAD without Authorization,
    /// 4 MB at most, 64 MB of all routes) and gives them again, with Age and a strong ETag: a matching If-None-Match
    /// is answered 304. Of equal requests at the same time one runs the handler, the others wait for its answer.
    /// Path, whole query and host tell requests apart.
    /// </summary>
    /// <param name="route">From <see cref="HttpApp.Get"/>.</param>
    /// <param name="ttl">How long an answer is given again; more than zero.</param>
    /// <param name="vary">Request headers that tell requests apart too; told in Vary.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is not more than zero.</exception>
    public static RouteHandlerBuilder Cached(this RouteHandlerBuilder route, TimeSpan ttl, params string[] vary)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentNullException.ThrowIfNull(vary);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ttl, TimeSpan.Zero);
        return route.WithMetadata(new CachedMetadata(vary)).CacheOutput(policy => policy
            .Expire(ttl).SetVaryByQuery("*").SetVaryByHeader(vary));
    }

    /// <summary>
    /// Tells the client to fetch something that the page needs while it still reads the page:
    /// <c>Link: &lt;path&gt;; rel=preload; as=kind</c> (RFC 8288; the kinds are those of the HTML standard).
    /// </summary>
    /// <param name="response">Whose headers have not gone out yet.</param>
    /// <param name="path">An absolute path or URL, such as <c>/app.css</c>.</param>
    /// <param name="kind">
    /// Such as <c>style</c>, <c>script</c>, <c>font</c> (fetched with <c>crossorigin</c>), <c>image</c>.
    /// </param>
    /// <exception cref="ArgumentException">The path or the kind holds what a header cannot.</exception>
    /// <exception cref="InvalidOperationException">The headers have gone out.</exception>
    public static void Preload(this HttpResponse response, string path, string kind)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(kind);
        if (!Uri.IsWellFormedUriString(path, UriKind.RelativeOrAbsolute)
            || path.Contains('>', StringComparison.Ordinal))
        {
            throw new ArgumentException($"\"{path}\"; accepted: a URL, percent-encoded", nameof(path));
        }

        if (!kind.All(char.IsAsciiLetterLower))
        {
            throw new ArgumentException(
                $"\"{kind}\"; accepted: style, script, font, image and their like", nameof(kind));
        }

        var crossOrigin = kind is "font" or "fetch" ? "; crossorigin" : "";
        response.Headers.Append("Link", $"<{path}>; rel=preload; as={kind}{crossOrigin}");
    }
}
