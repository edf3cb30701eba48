using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Http;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Endpoints;

/// <summary>The paths of the model APIs, as the official clients call them.</summary>
internal static class GatewayEndpoints
{
    private static readonly Dictionary<string, WireApi> Apis = new(StringComparer.OrdinalIgnoreCase)
    {
        ["/v1/chat/completions"] = WireApi.OpenAIChat,
        ["/v1/responses"] = WireApi.OpenAIResponses,
        ["/v1/completions"] = WireApi.OpenAICompletions,
        ["/v1/embeddings"] = WireApi.OpenAIEmbeddings,
        ["/v1/messages"] = WireApi.AnthropicMessages,
        ["/v1/messages/count_tokens"] = WireApi.AnthropicCountTokens,
    };

    /// <summary>The dialect in which a path's errors are told; null where the path is no model API's.</summary>
    public static Dialect? DialectOf(PathString path) =>
        Apis.TryGetValue(path.Value ?? "", out var api) ? WireApis.DialectOf(api)
        : path.StartsWithSegments("/v1beta", StringComparison.OrdinalIgnoreCase) ? DialectTable.Gemini
        : null;

    public static void MapGateway(this IEndpointRouteBuilder routes, GatewayPipeline pipeline, ModelList models)
    {
        foreach (var (path, api) in Apis)
        {
            MapPost(routes, pipeline, path, api);
        }

        foreach (var version in new[] { "v1beta", "v1" })
        {
            routes.MapPost($"/{version}/models/{{**call}}", http => GeminiAsync(http, pipeline))
                .RequestTimeout(TimeSpan.Zero);
            var gemini = version == "v1beta";
            routes.MapGet($"/{version}/models", http => models.ListAsync(http, gemini));
            routes.MapGet($"/{version}/models/{{**model}}", http => models.ShowAsync(http, gemini));
        }
    }

    /// <summary>
    /// What a path ends with. The server leaves an escaped slash as it is, for it could not be told from a separator;
    /// here all is one name, and clients escape those of models (<c>openai%2Fgpt-4.1</c>).
    /// </summary>
    public static string Rest(HttpContext http, string name) =>
        ((string?)http.Request.RouteValues[name] ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static void MapPost(IEndpointRouteBuilder routes, GatewayPipeline pipeline, string path, WireApi api)
    {
        var call = new GatewayCall(api, EventStreamFraming.Instance);
        routes.MapPost(path, http => pipeline.InvokeAsync(http, RequestEdge.RecordOf(http), call))
            .RequestTimeout(TimeSpan.Zero);
    }

    /// <summary><c>models/MODEL:ACTION</c>; a model's name may itself hold a colon.</summary>
    private static Task GeminiAsync(HttpContext http, GatewayPipeline pipeline)
    {
        var text = Rest(http, "call");
        var colon = text.LastIndexOf(':');
        var model = colon > 0 ? text[..colon] : "";
        WireApi? api = colon > 0 ? text[(colon + 1)..] switch
        {
            "generateContent" or "streamGenerateContent" => WireApi.GeminiGenerate,
            "countTokens" => WireApi.GeminiCountTokens,
            "embedContent" => WireApi.GeminiEmbed,
            "batchEmbedContents" => WireApi.GeminiBatchEmbed,
            _ => null,
        }
        : null;
        if (api is not { } wire || model.Length > Limits.ModelNameChars)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var stream = text.EndsWith(":streamGenerateContent", StringComparison.Ordinal);
        var events = http.Request.Query["alt"] == "sse";
        IStreamFraming framing = stream && !events ? new GeminiArrayFraming() : EventStreamFraming.Instance;
        return pipeline.InvokeAsync(
            http, RequestEdge.RecordOf(http), new GatewayCall(wire, framing, model, stream));
    }
}
