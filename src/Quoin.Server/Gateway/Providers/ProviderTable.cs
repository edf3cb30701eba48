using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Providers;

/// <summary>The provider types. A new type is a class beside this file and a line here.</summary>
internal static class ProviderTable
{
    /// <summary>Calls that choose no key, such as for the list of models, use the first.</summary>
    public static Provider Create(string name, ProviderOptions options) =>
        options is { ApiKey: null, ApiKeys: [var first, ..] }
            ? Create(name, options with { ApiKey = first })
            : CreateType(name, options);

    private static Provider CreateType(string name, ProviderOptions options) => options.Type switch
    {
        "openai" => new OpenAIProvider(name, options),
        "openai-compatible" => new OpenAICompatibleProvider(name, options),
        "azure-openai" => new AzureOpenAIProvider(name, options),
        "ollama" => new OllamaProvider(name, options),
        "anthropic" => new AnthropicProvider(name, options),
        "gemini" => new GeminiProvider(name, options),
        "sim" => new SimProvider(name, options),
        var type => throw new ArgumentException($"unknown provider type {type}", nameof(options)),
    };
}
