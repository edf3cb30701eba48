using System.Text.Json;

namespace Quoin.Http.Benchmarking;

/// <summary>A report as JSON.</summary>
internal static class ReportJson
{
    public static void Write(BenchmarkReport report, Utf8JsonWriter writer)
    {
        var options = report.Options;
        writer.WriteStartObject();
        writer.WriteString("url", report.Url.OriginalString);
        writer.WriteString("method", options.Method);
        writer.WriteString("http", options.Http.ToString());
        writer.WriteNumber("concurrency", options.Concurrency);
        if (options.Rate is { } rate)
        {
            writer.WriteNumber("rate", rate);
            writer.WriteString("arrivals", options.Arrivals.ToString().ToLowerInvariant());
        }

        writer.WriteNumber("elapsed_s", Math.Round(report.Elapsed.TotalSeconds, 6));
        writer.WriteNumber("requests", report.Requests);
        writer.WriteNumber("missed", report.Missed);
        writer.WriteNumber("requests_per_second", Math.Round(report.RequestsPerSecond, 3));
        writer.WriteNumber("bytes_in", report.BytesIn);
        writer.WriteNumber("bytes_out", report.BytesOut);
        Counts(writer, "statuses", report.Statuses);
        Counts(writer, "errors", report.Errors);
        Times(writer, "latency_ms", report.Latency);
        Times(writer, "first_byte_ms", report.FirstByte);
        Times(writer, "late_start_ms", report.Lateness);
        Times(writer, "connect_ms", report.Connect);
        if (report.ConnectsPerSecond is { } connects)
        {
            writer.WriteNumber("connects_per_second", Math.Round(connects, 3));
        }

        if (report.Streams is { } streams)
        {
            writer.WriteStartObject("streams");
            writer.WriteNumber("count", streams.Count);
            writer.WriteNumber("truncated", streams.Truncated);
            writer.WriteNumber("events", streams.Events);
            Times(writer, "first_event_ms", streams.FirstEvent);
            Times(writer, "gap_ms", streams.Gaps);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void Counts(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, long> counts)
    {
        writer.WriteStartObject(name);
        foreach (var (key, count) in counts)
        {
            writer.WriteNumber(key, count);
        }

        writer.WriteEndObject();
    }

    /// <summary>Left out where nothing of the kind happened: zeros would read as very fast.</summary>
    private static void Times(Utf8JsonWriter writer, string name, BenchmarkTimes times)
    {
        if (times.Count == 0)
        {
            return;
        }

        writer.WriteStartObject(name);
        writer.WriteNumber("count", times.Count);
        Time(writer, "mean", times.Mean);
        Time(writer, "stdev", times.Deviation);
        Time(writer, "p50", times.P50);
        Time(writer, "p90", times.P90);
        Time(writer, "p95", times.P95);
        Time(writer, "p99", times.P99);
        Time(writer, "p99_9", times.P999);
        Time(writer, "max", times.Max);
        writer.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter writer, string name, TimeSpan time) =>
        writer.WriteNumber(name, Math.Round(time.TotalMilliseconds, 4));
}
