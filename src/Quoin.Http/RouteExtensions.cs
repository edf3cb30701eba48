using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

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
    public static RouteHandlerBuilder RequestTimeout(this RouteHandlerBuilder route, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(route);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        return route.WithMetadata(new RequestTimeoutMetadata(timeout));
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
