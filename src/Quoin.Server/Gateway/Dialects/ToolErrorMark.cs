using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// OpenAI's APIs cannot say that a tool failed, so a translated failure starts with a line that the model reads, and
/// one that comes back is known by it.
/// </summary>
internal static class ToolErrorMark
{
    public const string Line = "[tool error]\n";

    /// <summary>The result's content, marked where the tool failed.</summary>
    public static IReadOnlyList<Part> Write(ToolResultPart result) => (result.IsError, result.Content) switch
    {
        (false, _) => result.Content,
        (_, [TextPart first, ..]) => [first with { Text = Line + first.Text }, .. result.Content.Skip(1)],
        _ => [new TextPart(Line) { Path = result.Path }, .. result.Content],
    };

    /// <summary>The content without the mark, which stands alone in a part of its own before what is no text.</summary>
    public static (IReadOnlyList<Part> Content, bool IsError) Read(IReadOnlyList<Part> content)
    {
        if (content is not [TextPart first, ..] || !first.Text.StartsWith(Line, StringComparison.Ordinal))
        {
            return (content, false);
        }

        var rest = content.Skip(1);
        return first.Text.Length == Line.Length && content.Count > 1
            ? ([.. rest], true)
            : ([first with { Text = first.Text[Line.Length..] }, .. rest], true);
    }
}
