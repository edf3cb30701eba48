using System.Globalization;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Plausible words in sentences. Every word with its space and full stop is one token of <see cref="SimTokens"/>,
/// and every spelling is made beforehand, so that an answer allocates no text.
/// </summary>
internal static class SimWords
{
    private const string Vocabulary =
        "the a model system answer reader stone river garden window light paper small quiet early common plain "
        + "strong north winter morning letter number signal market method reason result value change order moment "
        + "keeps finds shows takes gives holds turns opens makes brings carries follows begins returns explains "
        + "and but with from over under near after before between because while where when often never always "
        + "every second third first large open clear simple useful steady careful modern ancient local public "
        + "bridge harbour village forest engine picture story lesson record pattern circle corner surface level "
        + "slowly quickly rarely exactly nearly mostly well";

    private static readonly string[] Plain = Vocabulary.Split(' ');
    private static readonly string[] Middle = [.. Plain.Select(word => " " + word)];
    private static readonly string[] Last = [.. Plain.Select(word => " " + word + ".")];
    private static readonly string[] Opening = [.. Plain.Select(Capital)];
    private static readonly string[] Next = [.. Opening.Select(word => " " + word)];

    /// <summary>One word without spaces.</summary>
    public static string Word(ref SimRandom random) => Plain[random.Below(Plain.Length)];

    public static List<string> Sentences(int tokens, ref SimRandom random)
    {
        var text = new List<string>(tokens);
        var left = 0;
        for (var i = 0; i < tokens; i++)
        {
            var word = random.Below(Plain.Length);
            if (left == 0)
            {
                left = 6 + random.Below(8);
                text.Add(i == 0 ? Opening[word] : Next[word]);
            }
            else
            {
                text.Add(left == 1 || i == tokens - 1 ? Last[word] : Middle[word]);
            }

            left--;
        }

        return text;
    }

    private static string Capital(string word) => char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..];
}
