using System.Globalization;
using System.Text;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>A random JSON value that can be written in many ways, and changed in one place.</summary>
internal sealed record JsonShape(char Kind, string Text, IReadOnlyList<(string Name, JsonShape Value)> Members)
{
    private const string Letters = "aZ 0\"\\\n/é€😀\u0001";

    public static JsonShape Random(Random random, int depth, bool isRoot = false)
    {
        switch (isRoot ? 0 : random.Next(depth > 0 ? 6 : 4) + (depth > 0 ? 0 : 2))
        {
            case 0:
                var names = Enumerable.Range(0, random.Next(1, 6)).Select(_ => "f" + RandomText(random)).Distinct();
                return new('{', "", [.. names.Select(name => (name, Random(random, depth - 1)))]);
            case 1:
                var items = Enumerable.Range(0, random.Next(4)).Select(_ => ("", Random(random, depth - 1)));
                return new('[', "", [.. items]);
            case 2:
                return new('s', RandomText(random), []);
            case 3:
                var number = random.Next(1, 999) * (random.Next(2) == 0 ? 1 : -1);
                return new('n', number.ToString(CultureInfo.InvariantCulture), []);
            case 4:
                return new('w', random.Next(2) == 0 ? "true" : "false", []);
            default:
                return new('w', "null", []);
        }
    }

    /// <param name="random">Null: plainly. Else in any order, with white space, escapes and exponents.</param>
    public string Write(Random? random)
    {
        var members = Members.ToArray();
        if (Kind == '{')
        {
            random?.Shuffle(members);
        }

        var space = random?.Next(3) == 0 ? " \n" : "";
        return Kind switch
        {
            '{' => "{" + space + string.Join(
                space + ",", members.Select(m => Quote(m.Name, random) + space + ":" + m.Value.Write(random))) + "}",
            '[' => "[" + string.Join("," + space, members.Select(m => m.Value.Write(random))) + space + "]",
            's' => Quote(Text, random),
            'n' => random?.Next(4) switch { 0 => Text + ".0", 1 => Text + "0e-1", 2 => Text + "E+0", _ => Text },
            _ => Text,
        };
    }

    /// <summary>One leaf, name, length or order of a list is another.</summary>
    public JsonShape Changed(Random random)
    {
        if (Members.Count == 0)
        {
            return Kind switch
            {
                '{' => this with { Members = [("new", new('w', "null", []))] },
                '[' => this with { Members = [("", new('w', "null", []))] },
                'n' => this with { Text = Text + "1" },
                's' => this with { Text = Text + "x" },
                _ => new('s', Text, []),
            };
        }

        var at = random.Next(Members.Count);
        var members = Members.ToList();
        switch (random.Next(4))
        {
            case 0:
                members.RemoveAt(at);
                break;
            case 1 when Kind == '{':
                members[at] = (members[at].Name + "x", members[at].Value);
                break;
            default:
                members[at] = (members[at].Name, members[at].Value.Changed(random));
                break;
        }

        return this with { Members = members };
    }

    private static string RandomText(Random random)
    {
        var runes = Letters.EnumerateRunes().ToArray();
        return string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => runes[random.Next(runes.Length)]));
    }

    private static string Quote(string text, Random? random)
    {
        var json = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            var letters = rune.ToString();
            var escape = letters[0] is '"' or '\\' or < ' ' || random?.Next(3) == 0;
            json.Append(escape
                ? string.Concat(letters.Select(letter => string.Create(
                    CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}")))
                : letters);
        }

        return json.Append('"').ToString();
    }
}
