using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// Azure OpenAI. The base URL is the resource (<c>https://NAME.openai.azure.com</c>), the model is the deployment.
/// Without <c>api_version</c> the v1 API is used, which names the deployment in the body as OpenAI does; with it
/// the deployments API, which names it in the path.
/// </summary>
internal sealed class AzureOpenAIProvider(string name, ProviderOptions options) : Provider(name, options)
{
    public override IReadOnlyList<WireApi> Speaks { get; } = options.ApiVersion is { Length: > 0 }
        ? [WireApi.OpenAIChat, WireApi.OpenAICompletions, WireApi.OpenAIEmbeddings]
        : OpenAIProvider.All(options);

    public override string? DefaultBaseUrl => null;

    public override string? ModelsPath => "/openai/v1/models";

    public override bool OwnsName(string model) => false;

    public override string PathOf(WireApi api, string model, bool stream)
    {
        var operation = api switch
        {
            WireApi.OpenAIResponses => "responses",
            WireApi.OpenAICompletions => "completions",
            WireApi.OpenAIEmbeddings => "embeddings",
            _ => "chat/completions",
        };
        if (model is "." or "..")
        {
            // An address loses such a segment, and the call would go to another operation.
            throw new UntranslatableException(ChatField.Turns, "model", "it cannot be the name of a deployment");
        }

        return Options.ApiVersion is { Length: > 0 } version
            ? $"/openai/deployments/{Uri.EscapeDataString(model)}/{operation}"
                + $"?api-version={Uri.EscapeDataString(version)}"
            : $"/openai/v1/{operation}";
    }

    public override void Authorize(UpstreamRequest request, WireApi api)
    {
        if (Options.ApiKey is { } key)
        {
            request.AddField("api-key", key);
        }
    }

    public override UpstreamTraits TraitsFor(string model, bool stream) =>
        base.TraitsFor(model, stream) with { MaxCompletionTokens = true };
}
