using System.Globalization;
using System.Text;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Workers;

/// <summary>A family of a metrics page: its samples by their name and labels, in the order of the page.</summary>
internal sealed class PageFamily(string name, string help, string type)
{
    public string Name => name;

    /// <summary>As text 0.0.4 escapes it.</summary>
    public string Help => help;

    public string Type => type;

    public Dictionary<string, double> Samples { get; } = new(StringComparer.Ordinal);
}

/// <summary>
/// Metrics pages of processes, added up to one:
/// 1. Counters and histograms add up, and those of processes that have ended stay in the sum: no number goes back.
/// 2. Gauges add up, but for those where a sum says nothing: states and ratios tell the greatest, starts the least.
/// </summary>
internal sealed class PageSamples(bool sharedCache = false)
{
    /// <summary>Of what is the same for all, or a worst case; by the ends of the names.</summary>
    private static readonly string[] Greatest = ["_state", "_ratio", "_info", "_latency_seconds", "_drained", "_up"];

    private static readonly string[] Least = ["_start_time_seconds", "_healthy"];

    private readonly SortedDictionary<string, PageFamily> _families = new(StringComparer.Ordinal);

    public IEnumerable<PageFamily> Families => _families.Values;

    /// <summary>Reads text 0.0.4 as our own pages are; what is no such line is left out.</summary>
    public static PageSamples Read(ReadOnlySpan<byte> page)
    {
        var samples = new PageSamples();
        PageFamily? family = null;
        var help = "";
        foreach (var range in page.Split((byte)'\n'))
        {
            var line = Encoding.UTF8.GetString(page[range]);
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                help = line[(line.IndexOf(' ', 7) is > 0 and var space ? space + 1 : line.Length)..];
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal)
                && line.Split(' ') is [_, _, var name, var type])
            {
                samples._families[name] = family = new PageFamily(name, help, type);
            }
            else if (family is not null && line.LastIndexOf(' ') is > 0 and var end
                && double.TryParse(line.AsSpan(end + 1), CultureInfo.InvariantCulture, out var value))
            {
                family.Samples[line[..end]] = value;
            }
        }

        return samples;
    }

    /// <param name="gone">The page of a process that has ended: only what it has counted is taken.</param>
    public void Add(PageSamples page, bool gone)
    {
        foreach (var other in page.Families)
        {
            if (gone && other.Type == "gauge")
            {
                continue;
            }

            if (!_families.TryGetValue(other.Name, out var family))
            {
                _families[other.Name] = family = new PageFamily(other.Name, other.Help, other.Type);
            }

            foreach (var (name, value) in other.Samples)
            {
                family.Samples[name] = family.Samples.TryGetValue(name, out var known)
                    ? Merge(family, known, value)
                    : value;
            }
        }
    }

    public void Write(StringBuilder output, bool openMetrics)
    {
        foreach (var family in Families)
        {
            var name = openMetrics && family.Type == "counter"
                && family.Name.EndsWith("_total", StringComparison.Ordinal)
                ? family.Name[..^"_total".Length]
                : family.Name;
            var help = openMetrics ? family.Help.Replace("\"", "\\\"", StringComparison.Ordinal) : family.Help;
            output.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
            output.Append("# TYPE ").Append(name).Append(' ').Append(family.Type).Append('\n');
            if (openMetrics && UnitOf(name) is { } unit)
            {
                output.Append("# UNIT ").Append(name).Append(' ').Append(unit).Append('\n');
            }

            foreach (var (sample, value) in family.Samples)
            {
                output.Append(sample).Append(' ').Append(NumberOf(value)).Append('\n');
            }
        }

        if (openMetrics)
        {
            output.Append("# EOF\n");
        }
    }

    private double Merge(PageFamily family, double one, double other) =>
        family.Type != "gauge" ? one + other
        : EndsWith(family.Name, Greatest) || (sharedCache && family.Name == "quoin_cache_entries")
            ? Math.Max(one, other)
        : EndsWith(family.Name, Least) ? Math.Min(one, other)
        : one + other;

    private static bool EndsWith(string name, string[] ends) =>
        Array.Exists(ends, end => name.EndsWith(end, StringComparison.Ordinal));

    private static string? UnitOf(string name) =>
        name.EndsWith("_seconds", StringComparison.Ordinal) ? "seconds"
        : name.EndsWith("_bytes", StringComparison.Ordinal) ? "bytes"
        : null;

    private static string NumberOf(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e15
        ? ((long)value).ToString(CultureInfo.InvariantCulture)
        : MetricsWriter.Number(value);
}
