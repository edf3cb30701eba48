using System.Text;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// The simulated tokeniser, one rule for prompts, answers and usage: a token is any white space and up to eight
/// bytes of the word behind it, never half a character. English comes to about four or five characters a token.
/// </summary>
internal static class SimTokens
{
    private const int WordBytes = 8;

    public static int Count(ReadOnlySpan<byte> text)
    {
        // The same cuts as First makes, without the slices: long prompts are counted on every call.
        var count = 0;
        var word = -1;
        foreach (var b in text)
        {
            if (IsSpace(b))
            {
                count += word != 0 ? 1 : 0;
                word = 0;
            }
            else if (word < 0 || (word >= WordBytes && (b & 0xC0) != 0x80))
            {
                count++;
                word = 1;
            }
            else
            {
                word++;
            }
        }

        return count;
    }

    public static int Count(string text) => Count(Encoding.UTF8.GetBytes(text));

    public static List<string> Split(string text)
    {
        var tokens = new List<string>();
        for (ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(text); !rest.IsEmpty;)
        {
            var length = First(rest);
            tokens.Add(Encoding.UTF8.GetString(rest[..length]));
            rest = rest[length..];
        }

        return tokens;
    }

    private static int First(ReadOnlySpan<byte> text)
    {
        var end = 0;
        while (end < text.Length && IsSpace(text[end]))
        {
            end++;
        }

        for (var word = 0; end < text.Length && !IsSpace(text[end]); word++, end++)
        {
            var continuation = (text[end] & 0xC0) == 0x80;
            if (word >= WordBytes && !continuation)
            {
                break;
            }
        }

        return end;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';
}
