namespace Quoin.Server.Gateway.Sim;

internal enum SimOperation
{
    Chat,
    Embeddings,
    CountTokens,
    Models,
}

/// <summary>Whose shapes a call has; also what <c>match.dialect</c> of a scenario names.</summary>
internal enum SimShape
{
    OpenAIChat,
    OpenAIResponses,
    OpenAICompletions,
    OpenAIEmbeddings,
    OpenAIModels,
    Anthropic,
    Gemini,
}

/// <summary>Which API a path calls, whatever version and deployment prefix it has.</summary>
/// <param name="Model">The model in the path, unescaped; null where the body has it.</param>
/// <param name="Stream">The path asks for a stream (Gemini).</param>
/// <param name="Batch">Gemini's batchEmbedContents.</param>
internal sealed record SimRoute(
    SimShape Shape, SimOperation Operation, string? Model = null, bool Stream = false, bool Batch = false)
{
    private static readonly SimRoute Chat = new(SimShape.OpenAIChat, SimOperation.Chat);
    private static readonly SimRoute Responses = new(SimShape.OpenAIResponses, SimOperation.Chat);
    private static readonly SimRoute Completions = new(SimShape.OpenAICompletions, SimOperation.Chat);
    private static readonly SimRoute Embeddings = new(SimShape.OpenAIEmbeddings, SimOperation.Embeddings);
    private static readonly SimRoute Messages = new(SimShape.Anthropic, SimOperation.Chat);
    private static readonly SimRoute CountTokens = new(SimShape.Anthropic, SimOperation.CountTokens);

    /// <summary>Whether it is asked for by GET; all else is POST.</summary>
    public bool Reads => Operation == SimOperation.Models;

    /// <summary>Null: no such path.</summary>
    public static SimRoute? Find(SimRequest request)
    {
        var path = request.Path.AsSpan().TrimEnd('/');
        var gemini = path.StartsWith("/v1beta/") && !path.StartsWith("/v1beta/openai/");
        path = Below(path, out var deployment);
        var route = path switch
        {
            "/chat/completions" => Chat,
            "/responses" => Responses,
            "/completions" => Completions,
            "/embeddings" => Embeddings,
            "/messages" => Messages,
            "/messages/count_tokens" => CountTokens,
            _ => FindModels(path, gemini, request),
        };
        return route is not null && deployment is not null && route.Model is null
            ? route with { Model = deployment }
            : route;
    }

    private static SimRoute? FindModels(ReadOnlySpan<char> path, bool gemini, SimRequest request)
    {
        const string Models = "/models";
        if (!path.StartsWith(Models))
        {
            return null;
        }

        var rest = path[Models.Length..];
        if (rest.Length > 1 && rest[0] == '/')
        {
            var name = Uri.UnescapeDataString(rest[1..].ToString());
            var colon = name.LastIndexOf(':');
            var method = colon < 0 ? null : FindGemini(name[..colon], name[(colon + 1)..]);
            return method ?? new SimRoute(ModelsShape(gemini, request), SimOperation.Models, name);
        }

        return rest.IsEmpty ? new SimRoute(ModelsShape(gemini, request), SimOperation.Models) : null;
    }

    private static SimRoute? FindGemini(string model, string method) => method switch
    {
        "generateContent" => new(SimShape.Gemini, SimOperation.Chat, model),
        "streamGenerateContent" => new(SimShape.Gemini, SimOperation.Chat, model, Stream: true),
        "countTokens" => new(SimShape.Gemini, SimOperation.CountTokens, model),
        "embedContent" => new(SimShape.Gemini, SimOperation.Embeddings, model),
        "batchEmbedContents" => new(SimShape.Gemini, SimOperation.Embeddings, model, Batch: true),
        _ => null,
    };

    private static SimShape ModelsShape(bool gemini, SimRequest request) =>
        gemini ? SimShape.Gemini
        : request.Header("anthropic-version") is not null ? SimShape.Anthropic
        : SimShape.OpenAIModels;

    // Azure has a deployment's name in the path, Google an OpenAI dialect below its own version.
    private static ReadOnlySpan<char> Below(ReadOnlySpan<char> path, out string? deployment)
    {
        deployment = null;
        const string Deployments = "/openai/deployments/";
        if (path.StartsWith(Deployments))
        {
            var rest = path[Deployments.Length..];
            var end = rest.IndexOf('/');
            if (end > 0)
            {
                deployment = Uri.UnescapeDataString(rest[..end].ToString());
                return rest[end..];
            }
        }

        foreach (var prefix in (ReadOnlySpan<string>)["/v1beta/openai", "/openai/v1", "/v1beta", "/v1"])
        {
            if (path.StartsWith(prefix) && path.Length > prefix.Length && path[prefix.Length] == '/')
            {
                return path[prefix.Length..];
            }
        }

        return path;
    }
}
