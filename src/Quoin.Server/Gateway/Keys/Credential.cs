using Microsoft.AspNetCore.Http;

namespace Quoin.Server.Gateway.Keys;

/// <summary>
/// Where clients put their key: <c>Authorization: Bearer</c> (OpenAI), <c>x-api-key</c> (Anthropic), <c>api-key</c>
/// (Azure), <c>x-goog-api-key</c> and <c>?key=</c> (Gemini). The first that is there counts.
/// </summary>
internal static class Credential
{
    private const string Bearer = "Bearer ";

    /// <summary>Empty: none was presented.</summary>
    public static ReadOnlySpan<char> Of(HttpRequest request)
    {
        var headers = request.Headers;
        if ((string?)headers.Authorization is { } authorization
            && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization.AsSpan(Bearer.Length).Trim();
        }

        return (string?)headers["x-api-key"] ?? (string?)headers["api-key"] ?? (string?)headers["x-goog-api-key"]
            ?? (request.QueryString.HasValue ? (string?)request.Query["key"] : null);
    }
}
