namespace Quoin.Server.Gateway.Dialects;

/// <summary>The chat dialects. A new dialect is a folder beside this file and a line here.</summary>
internal static class DialectTable
{
    public static readonly Dialect OpenAIChat = new OpenAIChat.OpenAIChatDialect();
    public static readonly Dialect OpenAIResponses = OpenAIChat;
    public static readonly Dialect Anthropic = OpenAIChat;
    public static readonly Dialect Gemini = new Gemini.GeminiDialect();
    public static readonly Dialect OpenAICompletions = new OpenAICompletions.OpenAICompletionsDialect();
    public static readonly Dialect HapaxCompletions = new HapaxCompletions.HapaxCompletionsDialect();
}
