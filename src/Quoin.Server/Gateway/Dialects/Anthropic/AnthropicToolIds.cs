using System.Globalization;
using System.Text;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Tool call ids of one request in the letters that Anthropic takes. Other letters become <c>_xxxx</c> (their UTF-16
/// code in hexadecimal), and ids that would then be the same are told apart. Calls and results go through the same
/// table, so they keep belonging together; the ids of new calls are Anthropic's own and need no way back.
/// </summary>
internal sealed class AnthropicToolIds
{
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public static bool IsPlain(string text)
    {
        foreach (var c in text)
        {
            if (!IsPlain(c))
            {
                return false;
            }
        }

        return text.Length > 0;
    }

    /// <summary>Plain ids keep their spelling, so they must be known before any other is spelt anew.</summary>
    public void Reserve(string id)
    {
        if (IsPlain(id) && _written.TryAdd(id, id))
        {
            _taken.Add(id);
        }
    }

    public string Write(string id)
    {
        if (_written.TryGetValue(id, out var known))
        {
            return known;
        }

        var spelt = new StringBuilder();
        foreach (var c in id)
        {
            _ = IsPlain(c) ? spelt.Append(c) : spelt.Append(CultureInfo.InvariantCulture, $"_{(int)c:x4}");
        }

        while (!_taken.Add(spelt.ToString()))
        {
            spelt.Append('_');
        }

        return _written[id] = spelt.ToString();
    }

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
