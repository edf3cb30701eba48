using Quoin.Server.Gateway.Dialects.Anthropic;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Dialects.HapaxCompletions;
using Quoin.Server.Gateway.Dialects.OpenAIChat;
using Quoin.Server.Gateway.Dialects.OpenAICompletions;
using Quoin.Server.Gateway.Dialects.OpenAIResponses;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>The chat dialects. A new dialect is a folder beside this file and a line here.</summary>
internal static class DialectTable
{
    public static readonly Dialect OpenAIChat = new OpenAIChatDialect();
    public static readonly Dialect OpenAIResponses = new OpenAIResponsesDialect();
    public static readonly Dialect Anthropic = new AnthropicDialect();
    public static readonly Dialect Gemini = new GeminiDialect();
    public static readonly Dialect OpenAICompletions = new OpenAICompletionsDialect();
    public static readonly Dialect HapaxCompletions = new HapaxCompletionsDialect();
}
