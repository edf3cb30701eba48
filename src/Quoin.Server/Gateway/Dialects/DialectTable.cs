using Quoin.Server.Gateway.Dialects.Anthropic;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>The chat dialects. A new dialect is a folder beside this file and a line here.</summary>
internal static class DialectTable
{
    public static readonly Dialect Anthropic = new AnthropicDialect();
}
