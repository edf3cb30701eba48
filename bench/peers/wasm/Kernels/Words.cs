using System.Globalization;

namespace Kernels;

/// <summary>Numbers on the command line and in the output.</summary>
internal static class Words
{
    public static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    public static void Line(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

    /// <summary>The value that so many of a hundred are not above.</summary>
    public static double Percentile(List<double> values, double percent)
    {
        values.Sort();
        return values[Math.Min(values.Count - 1, (int)(values.Count * percent / 100))];
    }
}
