using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;

namespace Quoin.Server.Control.Routes;

/// <summary>What <c>routes:</c> can expose: where it is mapped, and the methods that it takes there.</summary>
internal sealed record BuiltInHandler(string Name, string Path, params string[] Methods)
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private static readonly BuiltInHandler[] Fixed =
    [
        new("health", "/health", Reading),
        new("live", "/live", Reading),
        new("ready", "/ready", Reading),
        new("models", "/v1/models", HttpMethods.Get),
        new("chat_completions", "/v1/chat/completions", HttpMethods.Post),
        new("responses", "/v1/responses", HttpMethods.Post),
        new("completions", "/v1/completions", HttpMethods.Post),
        new("completion", "/v1/completions", HttpMethods.Post),
        new("embeddings", "/v1/embeddings", HttpMethods.Post),
        new("messages", "/v1/messages", HttpMethods.Post),
        new("count_tokens", "/v1/messages/count_tokens", HttpMethods.Post),
        new("gemini", "/v1beta/models", HttpMethods.Post) { TakesRest = true },
    ];

    /// <summary>Paths go on after the one that is mapped: <c>/MODEL:ACTION</c>.</summary>
    public bool TakesRest { get; private init; }

    /// <summary>Whether its requests are held to keys and limits wherever they come in.</summary>
    public bool CallsModel => Methods is [var method] && method == HttpMethods.Post;

    public static BuiltInHandler? Find(string name, QuoinOptions options) => name == "metrics"
        ? new BuiltInHandler(name, options.Metrics.Path, HttpMethods.Get)
        : Array.Find(Fixed, handler => handler.Name == name);
}
