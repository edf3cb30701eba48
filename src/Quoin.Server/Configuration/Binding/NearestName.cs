namespace Quoin.Server.Configuration.Binding;

/// <summary>The name that was probably meant: that with the fewest slips of the keys (Damerau-Levenshtein).</summary>
internal static class NearestName
{
    /// <summary>Null where every name is too far: more than a third of the letters would be wrong.</summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        if (name.Length > ConfigurationLimits.KeyLength)
            return null;
        string? nearest = null;
        var least = Math.Max(1, name.Length / 3) + 1;
        foreach (var candidate in known)
        {
            if (Math.Abs(candidate.Length - name.Length) >= least)
                continue;
            var distance = Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < least)
                (nearest, least) = (candidate, distance);
        }

        return nearest;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.</summary>
    public static int Distance(string left, string right)
    {
        var rows = new int[3][];
        for (var i = 0; i < 3; i++)
            rows[i] = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
            rows[0][j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var (row, above, twoAbove) = (rows[i % 3], rows[(i - 1) % 3], rows[(i + 1) % 3]);
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = left[i - 1] == right[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    row[j] = Math.Min(row[j], twoAbove[j - 2] + 1);
            }
        }

        return rows[left.Length % 3][right.Length];
    }
}
