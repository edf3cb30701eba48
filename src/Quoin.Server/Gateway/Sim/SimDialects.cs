using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The dialects that the simulated provider writes its answers by.</summary>
internal sealed record SimDialects(
    Dialect OpenAIChat, Dialect OpenAIResponses, Dialect OpenAICompletions, Dialect Anthropic, Dialect Gemini)
{
    public static SimDialects Default { get; } = new(
        DialectTable.OpenAIChat, DialectTable.OpenAIResponses, DialectTable.OpenAICompletions,
        DialectTable.Anthropic, DialectTable.Gemini);

    public Dialect Of(SimShape shape) => shape switch
    {
        SimShape.OpenAIResponses => OpenAIResponses,
        SimShape.OpenAICompletions => OpenAICompletions,
        SimShape.Anthropic => Anthropic,
        SimShape.Gemini => Gemini,
        _ => OpenAIChat,
    };
}
