using System.Globalization;

namespace Quoin.Server.Configuration.Binding;

/// <summary>Bytes as text: <c>65536</c>, <c>64KB</c>, <c>10MB</c>, each step 1024.</summary>
public static class Sizes
{
    private static readonly (string Name, long Bytes)[] Units =
        [("TB", 1L << 40), ("GB", 1L << 30), ("MB", 1L << 20), ("KB", 1L << 10), ("B", 1)];

    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        var digits = text.IndexOfAnyExceptInRange('0', '9');
        var unit = 1L;
        if (digits >= 0)
        {
            var name = text[digits..].Trim();
            var index = 0;
            while (index < Units.Length && !name.Equals(Units[index].Name, StringComparison.OrdinalIgnoreCase))
                index++;
            if (index == Units.Length)
                return false;
            unit = Units[index].Bytes;
            text = text[..digits];
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ||
            number > long.MaxValue / unit)
        {
            return false;
        }

        bytes = number * unit;
        return true;
    }

    public static string Format(long bytes)
    {
        foreach (var (name, size) in Units)
        {
            if (bytes >= size && bytes % size == 0 && size > 1)
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{name}");
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
