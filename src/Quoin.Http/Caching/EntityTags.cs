using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Quoin.Http.Caching;

/// <summary>
/// Gives the answers of cached routes a strong ETag (RFC 9110 §8.8.3), a SHA-256 of the body, for which the body is
/// held back until it is whole; one beyond <see cref="HttpLimits.CachedBodyBytes"/> goes out as it comes, without.
/// </summary>
internal sealed class EntityTags(RequestDelegate next)
{
    private const int TagBytes = 16;

    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<CachedMetadata>() is { } cached
            ? TagAsync(context, cached)
            : next(context);

    private async Task TagAsync(HttpContext context, CachedMetadata cached)
    {
        var response = context.Response;
        foreach (var header in cached.Vary)
        {
            response.Headers.Append(HeaderNames.Vary, header);
        }

        var client = response.Body;
        await using var held = new HeldBody(client, HttpLimits.CachedBodyBytes);
        response.Body = held;
        try
        {
            await next(context);
        }
        finally
        {
            response.Body = client;
        }

        if (!held.Passing && !response.HasStarted)
        {
            var body = held.Held;
            if (response.StatusCode == StatusCodes.Status200OK && !response.Headers.ContainsKey(HeaderNames.ETag))
            {
                response.Headers.ETag = TagOf(body.Span);
            }

            if (response.StatusCode == StatusCodes.Status200OK)
            {
                response.ContentLength = body.Length;
            }

            await client.WriteAsync(body, context.RequestAborted);
        }
    }

    private static string TagOf(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        return "\"" + Base64Url.EncodeToString(hash[..TagBytes]) + "\"";
    }
}

/// <summary>Marks the route of a <see cref="RouteExtensions.Cached"/>.</summary>
/// <param name="Vary">Request headers.</param>
internal sealed record CachedMetadata(IReadOnlyList<string> Vary);
