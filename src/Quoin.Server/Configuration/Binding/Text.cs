using System.Text;

namespace Quoin.Server.Configuration.Binding;

/// <summary>How pieces of the user's text stand in messages of one line.</summary>
internal static class Text
{
    /// <summary>Control characters shown as escapes, long text cut.</summary>
    public static string Printable(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (shown.Length >= ConfigurationLimits.FoundLength)
                return shown.Append('…').ToString();
            if (char.IsControl(character) || char.IsSurrogate(character) || character is '\u2028' or '\u2029')
                shown.Append($"\\u{(int)character:x4}");
            else
                shown.Append(character);
        }

        return shown.ToString();
    }

    public static string Quoted(string text) => $"\"{Printable(text)}\"";

    /// <summary>The property's name as a key: <c>MaxHeaderBytes</c> is <c>max_header_bytes</c>.</summary>
    public static string SnakeCase(string name)
    {
        var key = new StringBuilder(name.Length + 4);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterUpper(character) && key.Length > 0)
                key.Append('_');
            key.Append(char.ToLowerInvariant(character));
        }

        return key.ToString();
    }
}
