using System.Globalization;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// How a model takes its thinking, told from its name: Claude up to 4.5 takes a budget of tokens only, 4.6 a budget
/// or adaptive thinking with an effort, 4.7 and later adaptive thinking only. A name that is not understood
/// (a model of a compatible server, a future family) takes what the client gave.
/// </summary>
internal readonly record struct AnthropicModel(bool TakesEffort, bool TakesBudget)
{
    private const int FirstWithEffort = 406;
    private const int LastWithBudget = 406;

    public static AnthropicModel Of(string name)
    {
        var words = name.ToLowerInvariant().Split(
            ['-', '.', '_', '/', ':', '@', ' '], StringSplitOptions.RemoveEmptyEntries);
        var claude = Array.IndexOf(words, "claude");
        var family = Array.FindIndex(words, word => word is "opus" or "sonnet" or "haiku" or "instant");
        if (claude < 0 || (family < 0 && !words.Any(word => word is "fable" or "mythos")))
        {
            return new AnthropicModel(TakesEffort: true, TakesBudget: true);
        }

        // claude-3-7-sonnet-20250219 and claude-opus-4-7-20260101: the version stands before or after the family.
        var version = family < 0 ? int.MaxValue : Version(words, claude + 1) ?? Version(words, family + 1);
        return version is { } number
            ? new AnthropicModel(number >= FirstWithEffort, number <= LastWithBudget)
            : new AnthropicModel(TakesEffort: true, TakesBudget: true);
    }

    /// <returns>4.7 as 407; null when there is no number. A date, which has eight digits, is none.</returns>
    private static int? Version(string[] words, int index) => Number(words, index) is { } major
        ? (major * 100) + (Number(words, index + 1) ?? 0)
        : null;

    private static int? Number(string[] words, int index) =>
        index < words.Length && words[index].Length <= 2
        && int.TryParse(words[index], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
