using System.Buffers;
using System.Globalization;
using System.Text;

namespace Quoin.Server.Configuration.Binding;

/// <summary>Durations as text: numbers with units, largest first (<c>1h30m</c>, <c>1.5s</c>, <c>500ms</c>).</summary>
public static class Durations
{
    // The longest that may be written, so that sums of durations stay far from the type's end.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Name, long Ticks)[] Units =
    [
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("us", TimeSpan.TicksPerMicrosecond),
    ];

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var last = -1;
        if (text is "0")
            return true;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0)
                return false;
            var letters = text[digits..].IndexOfAny(NumberCharacters);
            var unit = letters < 0 ? text[digits..] : text.Slice(digits, letters);
            var index = IndexOf(unit);
            if (index <= last || !TryNumber(text[..digits], out var number))
                return false;
            var ticks = Math.Round(number * Units[index].Ticks);
            if (ticks > Longest.Ticks - duration.Ticks)
                return false;
            duration += new TimeSpan((long)ticks);
            last = index;
            text = letters < 0 ? [] : text[(digits + letters)..];
        }

        return last >= 0;
    }

    /// <summary>A bare number of a unit, as some environment variables hold it.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out decimal number) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) &&
        number <= 1_000_000_000;

    public static string Format(TimeSpan duration)
    {
        var ticks = duration.Ticks;
        if (ticks == 0)
            return "0s";
        var text = new StringBuilder();
        foreach (var (name, size) in Units)
        {
            var count = name == "us" ? (decimal)ticks / size : ticks / size;
            if (count == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{name}");
            ticks %= size;
        }

        return text.ToString();
    }

    private static int IndexOf(ReadOnlySpan<char> unit)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (unit.SequenceEqual(Units[i].Name))
                return i;
        }

        return -1;
    }
}
