using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Providers;

/// <summary>A local Ollama, through its OpenAI-compatible API.</summary>
internal sealed class OllamaProvider(string name, ProviderOptions options) : OpenAICompatibleProvider(name, options)
{
    public override string? DefaultBaseUrl => "http://127.0.0.1:11434/v1";

    /// <summary>Ollama's tags (<c>llama3.2:3b</c>) are a spelling that no other provider uses.</summary>
    public override bool OwnsName(string model) => model.Contains(':', StringComparison.Ordinal);
}
