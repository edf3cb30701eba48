using System.Buffers;
using System.Globalization;
using System.Text;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Writes the lines of a metrics page, Prometheus text 0.0.4 or OpenMetrics 1.0. They differ in the name of a
/// counter's family (OpenMetrics leaves out <c>_total</c>), in UNIT and EOF lines, and in the escapes of help
/// texts. Numbers of both are written in OpenMetrics' canonical form (1.0, 1.048576e+06), so that a bucket is the
/// same series whichever of the two a scraper asks for.
/// </summary>
internal sealed class MetricsWriter(IBufferWriter<byte> output, bool openMetrics)
{
    private static readonly SearchValues<char> EscapedInLabels = SearchValues.Create("\\\"\n");

    public void Family(MetricFamily family)
    {
        var name = FamilyName(family);
        // A gauge without unit suffix has no UNIT line: OpenMetrics wants the name to end with its unit.
        Text("# HELP ", name, " ");
        Text(family.Description.Help
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
            .Replace("\"", openMetrics ? "\\\"" : "\"", StringComparison.Ordinal));
        Text("\n# TYPE ", name, " ");
        Text(family.Kind switch
        {
            MetricKind.Counter => "counter\n",
            MetricKind.Histogram => "histogram\n",
            _ => "gauge\n",
        });
        if (openMetrics && UnitOf(name) is { } unit)
        {
            Text("# UNIT ", name, " ");
            Text(unit, "\n");
        }

        family.Write(this);
    }

    public void Sample(MetricFamily family, string[] labels, double value)
    {
        Text(family.Name);
        Labels(family.LabelNames, labels, bound: null);
        Text(" ", Number(value), "\n");
    }

    public void Sample(MetricFamily family, string[] labels, long value)
    {
        Text(family.Name);
        Labels(family.LabelNames, labels, bound: null);
        Text(" ", value.ToString(CultureInfo.InvariantCulture), "\n");
    }

    /// <param name="counts">Of each bucket alone, the last without bound.</param>
    public void Histogram(HistogramFamily family, string[] labels, ReadOnlySpan<long> counts, double sum)
    {
        var total = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            Text(family.Name, "_bucket");
            Labels(family.LabelNames, labels, i < family.Bounds.Length ? Number(family.Bounds[i]) : "+Inf");
            Text(" ", total.ToString(CultureInfo.InvariantCulture), "\n");
        }

        Text(family.Name, "_sum");
        Labels(family.LabelNames, labels, bound: null);
        Text(" ", Number(sum), "\n");
        Text(family.Name, "_count");
        Labels(family.LabelNames, labels, bound: null);
        Text(" ", total.ToString(CultureInfo.InvariantCulture), "\n");
    }

    public void End()
    {
        if (openMetrics)
        {
            Text("# EOF\n");
        }
    }

    internal static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
        }

        if (Math.Abs(value) is >= 1e6 or (> 0 and < 1e-4))
        {
            return value.ToString("0.################e+00", CultureInfo.InvariantCulture);
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }

    private static string? UnitOf(string name) =>
        name.EndsWith("_seconds", StringComparison.Ordinal) ? "seconds"
        : name.EndsWith("_bytes", StringComparison.Ordinal) ? "bytes"
        : null;

    private string FamilyName(MetricFamily family) =>
        openMetrics && family.Kind == MetricKind.Counter && family.Name.EndsWith("_total", StringComparison.Ordinal)
            ? family.Name[..^"_total".Length]
            : family.Name;

    private void Labels(IReadOnlyList<string> names, string[] values, string? bound)
    {
        var open = "{";
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i].Length > 0)
            {
                Text(open, names[i], "=\"");
                Text(Escaped(values[i]), "\"");
                open = ",";
            }
        }

        if (bound is not null)
        {
            Text(open, "le=\"", bound);
            Text("\"");
            open = ",";
        }

        if (open == ",")
        {
            Text("}");
        }
    }

    private static string Escaped(string value) => value.AsSpan().ContainsAny(EscapedInLabels)
        ? value.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal)
        : value;

    private void Text(string first, string second = "", string third = "")
    {
        Encoding.UTF8.GetBytes(first, output);
        Encoding.UTF8.GetBytes(second, output);
        Encoding.UTF8.GetBytes(third, output);
    }
}
