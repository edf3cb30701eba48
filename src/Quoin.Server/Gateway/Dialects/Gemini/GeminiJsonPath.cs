using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Singular JSON paths (RFC 9535 §2.3.5.1): <c>$</c>, then <c>.name</c>, <c>['name']</c>, <c>["name"]</c> or
/// <c>[0]</c>. A step is a string or an int.
/// </summary>
internal static class GeminiJsonPath
{
    public static List<object> Parse(string path)
    {
        var steps = new List<object>();
        if (!path.StartsWith('$'))
        {
            throw Malformed();
        }

        for (var i = 1; i < path.Length;)
        {
            if (steps.Count >= Limits.JsonDepth)
            {
                throw new JsonException("the arguments of a function call are nested too deeply");
            }

            switch (path[i])
            {
                case '.':
                    var end = path.AsSpan(i + 1).IndexOfAny('.', '[');
                    end = end < 0 ? path.Length : i + 1 + end;
                    steps.Add(end > i + 1 ? path[(i + 1)..end] : throw Malformed());
                    i = end;
                    break;
                case '[' when i + 1 < path.Length && path[i + 1] is '\'' or '"':
                    steps.Add(Quoted(path, ref i));
                    break;
                case '[':
                    var close = path.IndexOf(']', i);
                    steps.Add(
                        close > 0 && int.TryParse(
                            path.AsSpan(i + 1, close - i - 1), NumberStyles.None, CultureInfo.InvariantCulture,
                            out var index)
                            ? index
                            : throw Malformed());
                    i = close + 1;
                    break;
                default:
                    throw Malformed();
            }
        }

        return steps.Count > 0 && steps[0] is string ? steps : throw Malformed();
    }

    private static string Quoted(string path, ref int i)
    {
        var quote = path[i + 1];
        var name = new StringBuilder();
        for (i += 2; i < path.Length; i++)
        {
            if (path[i] == quote)
            {
                i++;
                if (i >= path.Length || path[i] != ']')
                {
                    throw Malformed();
                }

                i++;
                return name.ToString();
            }

            name.Append(path[i] == '\\' ? Escaped(path, ref i) : path[i]);
        }

        throw Malformed();
    }

    private static char Escaped(string path, ref int i)
    {
        i++;
        if (i >= path.Length)
        {
            throw Malformed();
        }

        if (path[i] == 'u')
        {
            var digits = i + 4 < path.Length ? path.AsSpan(i + 1, 4) : throw Malformed();
            i += 4;
            return ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                ? (char)code
                : throw Malformed();
        }

        return path[i] switch
        {
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            var c => c,
        };
    }

    private static JsonException Malformed() => new("the path of a function call's argument is malformed");
}
