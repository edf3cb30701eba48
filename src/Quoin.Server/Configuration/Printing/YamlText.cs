using System.Text;

namespace Quoin.Server.Configuration.Printing;

/// <summary>Text as a YAML value that reads back as the same text.</summary>
internal static class YamlText
{
    private static readonly string[] Words = ["true", "false", "null", "yes", "no", "on", "off"];

    public static string Scalar(string text)
    {
        text = text.Replace("${", "$${", StringComparison.Ordinal);
        return IsPlain(text) ? text : Quote(text);
    }

    private static bool IsPlain(string text) =>
        text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '/') &&
        !Words.Contains(text, StringComparer.OrdinalIgnoreCase) &&
        text.All(character => char.IsAsciiLetterOrDigit(character) || character is '/' or '.' or '_' or '-');

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            if (character is '"' or '\\')
                quoted.Append('\\').Append(character);
            else if (char.IsControl(character) || character is '\u2028' or '\u2029' or '\ufeff')
                quoted.Append($"\\u{(int)character:x4}");
            else
                quoted.Append(character);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A name as a key; variables are not put into keys, so nothing is escaped for them.</summary>
    public static string Key(string name) => IsPlain(name) ? name : Quote(name);
}
