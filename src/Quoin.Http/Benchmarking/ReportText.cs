using System.Globalization;
using System.Text;

namespace Quoin.Http.Benchmarking;

/// <summary>A report as a table for people.</summary>
internal static class ReportText
{
    public static string Of(BenchmarkReport report)
    {
        var text = new StringBuilder();
        text.AppendLine($"{report.Options.Method} {report.Url}, {LoopOf(report.Options)}");
        text.AppendLine();
        Line(text, "requests", Invariant($"{report.Requests} in {report.Elapsed.TotalSeconds:0.##} s"));
        Line(text, "answers/s", report.Options.Rate is { } rate
            ? Invariant($"{report.RequestsPerSecond:0.#} of {rate:0.###} asked for")
            : Invariant($"{report.RequestsPerSecond:0.#}"));
        if (report.Options.Rate is not null)
        {
            Line(text, "missed", Invariant($"{report.Missed}"));
        }

        Line(text, "bytes", Invariant($"{report.BytesIn} in, {report.BytesOut} out"));
        Line(text, "statuses", Counts(report.Statuses));
        Line(text, "errors", Counts(report.Errors));
        if (report is { ConnectsPerSecond: { } connects, Connect.Count: > 0 })
        {
            Line(text, "connects/s", Invariant($"{connects:0.#}, {report.Connect.Count} connections"));
        }

        if (report.Streams is { } streams)
        {
            Line(text, "streams", Invariant(
                $"{streams.Count}, {streams.Events} events, {streams.Truncated} streams truncated"));
        }

        text.AppendLine();
        text.AppendLine(
            "               mean     stdev       p50       p90       p95       p99     p99.9       max  ms");
        Times(text, "latency", report.Latency);
        Times(text, "first byte", report.FirstByte);
        Times(text, "first event", report.Streams?.FirstEvent);
        Times(text, "event gap", report.Streams?.Gaps);
        Times(text, "connect", report.Connect);
        Times(text, "late start", report.Lateness);
        return text.ToString().TrimEnd();
    }

    private static string LoopOf(BenchmarkOptions options)
    {
        var unit = options switch
        {
            { WebSocket: true } => "WebSockets",
            { Http.Major: >= 2 } => "streams",
            { NewConnections: true } => "connections at a time, each for one request",
            _ => "connections",
        };
        var version = options.Http.ToString(options.Http.Major > 1 ? 1 : 2);
        var loop = Invariant($"HTTP/{version}, {options.Concurrency} {unit}");
        return options.Rate is { } rate
            ? Invariant($"{loop}, {rate:0.###} requests/s ({options.Arrivals.ToString().ToLowerInvariant()} arrivals)")
            : loop;
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.AppendLine($"{name,-12} {value}");

    private static void Times(StringBuilder text, string name, BenchmarkTimes? times)
    {
        if (times is { Count: > 0 })
        {
            TimeSpan[] all =
            [
                times.Mean, times.Deviation, times.P50, times.P90, times.P95, times.P99, times.P999, times.Max,
            ];
            text.AppendLine($"{name,-12}{string.Concat(all.Select(Cell))}");
        }
    }

    private static string Cell(TimeSpan time) =>
        " " + time.TotalMilliseconds.ToString("0.000", CultureInfo.InvariantCulture).PadLeft(9);

    private static string Counts(IReadOnlyDictionary<string, long> counts) => counts.Count == 0
        ? "none"
        : string.Join(", ", counts.Select(count => Invariant($"{count.Key} {count.Value}")));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
