using Quoin.Fuzz.Conversations;
using Quoin.Fuzz.Targets;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Fuzz;

/// <summary>Every target. A new parser of what strangers send gets a line here.</summary>
internal static class FuzzTargets
{
    public static readonly IReadOnlyList<FuzzTarget> All =
    [
        new EnvelopeTarget(),
        .. DialectSamples.ClientDialects.Select(dialect => new RequestTarget(dialect)),
        .. Both(DialectTable.OpenAIChat, "openai/chat", "openai-compatible/chat"),
        .. Both(DialectTable.OpenAIResponses, "openai/responses"),
        .. Both(DialectTable.Anthropic, "anthropic"),
        .. Both(DialectTable.Gemini, "google"),
        .. DialectSamples.ChatDialects.Select(dialect => new ErrorTarget(dialect)),
        new EmbeddingsTarget(),
        new ConfigurationTarget(),
        new ScenarioTarget(),
        new TraceParentTarget(),
        new Http1ResponseTarget(),
        new RequestFramingTarget(),
        new ProxyHeaderTarget(),
        new ForwardedTarget(),
        new ClientHelloTarget(),
        new QpackTarget(),
        new WebSocketTarget(),
        new WebSocketExtensionsTarget(),
        new JournalTarget(),
        new MessagePackTarget(),
        new MessagePackFromJsonTarget(),
        new SharedStateTarget(),
        new WasmModuleTarget(),
        new WasmProgramTarget(),
    ];

    private static FuzzTarget[] Both(Dialect dialect, params string[] recordings) =>
        [new ResponseTarget(dialect, recordings), new StreamTarget(dialect, recordings)];
}
