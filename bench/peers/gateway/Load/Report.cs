using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Writes the medians of all rounds as Markdown, with the goals, and the measurements themselves as JSON beside it.
/// Errors and stalls are not medians but sums: none may be lost.
/// </summary>
internal sealed class Report
{
    private static readonly string[] Order = ["direct", "nginx", "forwarder", "portkey", "quoin"];

    private static readonly (string Scenario, string Name)[] Throughput =
    [
        ("1k", "1 KB prompt"), ("10k", "10 KB prompt"), ("100k", "100 KB prompt"),
        ("translated", "1 KB prompt, OpenAI client, Anthropic provider"), ("streamed", "streamed, 100 events at once"),
    ];

    private static readonly (string Scenario, string Name)[] Streamed =
    [
        ("first", "short streams, one after another"), ("streams-1", "1 stream"), ("streams-64", "64 streams"),
        ("streams-512", "512 streams"),
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly StringBuilder _text = new();
    private readonly Measurements _measured;

    private Report(Measurements measured)
    {
        _measured = measured;
    }

    public static int Write(string measurements, string facts, string table)
    {
        var measured = Measurements.Read(measurements);
        var lines = File.ReadAllLines(facts);
        var report = new Report(measured);
        report.Compose(lines);
        File.WriteAllText(table + ".md", report._text.ToString());
        var json = new JsonObject
        {
            ["facts"] = new JsonArray([.. lines.Select(line => (JsonNode)line)]),
            ["runs"] = measured.ToJson(),
        };
        File.WriteAllText(table + ".json", json.ToJsonString(Indented) + "\n");
        return 0;
    }

    private void Compose(string[] facts)
    {
        Line("# The gateway beside its peers");
        Line();
        Line("Written by `bench/peers/gateway/run`; every run is in the JSON file beside this one.");
        Line("*direct* is the upstream without a proxy, and its CPU and memory are the upstream's own. The upstream");
        Line("and the client share the cores with the proxy. CPU is that of the proxy's processes alone. *Spread* is");
        Line("how far the slowest and the fastest round lie apart: a large one tells of a busy machine.");
        Line();
        foreach (var fact in facts)
        {
            Line("- " + fact);
        }

        ComposeGoals();
        ComposeThroughput();
        ComposeLatency();
        ComposeStreams();
        ComposeMemory();
    }

    private void ComposeGoals()
    {
        Heading("Goals");
        Row("goal", "measured", "");
        Row("---", "--:", "---");
        foreach (var goal in Goal.All(_measured))
        {
            Row(goal.Text, goal.Measured, goal.Reached switch { true => "pass", false => "**fail**", null => "" });
        }
    }

    private void ComposeThroughput()
    {
        Heading("Throughput: wrk, 32 connections");
        Row("scenario", "target", "requests/s", "spread", "of nginx", "p50 ms", "p99 ms", "CPU µs/request", "errors");
        Row("---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
        foreach (var (scenario, name) in Throughput)
        {
            var nginx = _measured.Median(scenario, "nginx", "rps");
            foreach (var target in _measured.Targets(scenario, Order))
            {
                var rate = _measured.Median(scenario, target, "rps");
                Row(
                    name, target, Number(rate, "N0"), Spread(scenario, target), Number(rate / nginx, "F2"),
                    Milliseconds(scenario, target, "p50_us"), Milliseconds(scenario, target, "p99_us"),
                    Number(_measured.Median(scenario, target, run => run["cpu_s"] * 1e6 / run["requests"]), "F1"),
                    Number(_measured.Sum(scenario, target, "errors"), "N0"));
            }
        }
    }

    private void ComposeLatency()
    {
        Heading("Latency: one connection, one request after another");
        Row("target", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms", "errors");
        Row("---", "--:", "--:", "--:", "--:", "--:");
        foreach (var target in _measured.Targets("latency", Order))
        {
            Row(
                target, Milliseconds("latency", target, "p50_us"), Milliseconds("latency", target, "p99_us"),
                Added("latency", target, "p50_us"), Added("latency", target, "p99_us"),
                Number(_measured.Sum("latency", target, "errors"), "N0"));
        }
    }

    private void ComposeStreams()
    {
        Heading("Streams: 100 events, 30 ms apart (short ones: 3 events, 1 ms apart)");
        Row(
            "scenario", "target", "first event p50 ms", "p99 ms", "added p99 ms", "event delay p50 ms", "p99 ms",
            "CPU µs/event", "stalls", "errors");
        Row("---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:");
        foreach (var (scenario, name) in Streamed)
        {
            foreach (var target in _measured.Targets(scenario, Order))
            {
                Row(
                    name, target,
                    Milliseconds(scenario, target, "first_p50_us"), Milliseconds(scenario, target, "first_p99_us"),
                    Added(scenario, target, "first_p99_us"),
                    Milliseconds(scenario, target, "delay_p50_us"), Milliseconds(scenario, target, "delay_p99_us"),
                    Number(_measured.Median(scenario, target, run => run["cpu_s"] * 1e6 / run["events"]), "F1"),
                    Number(_measured.Sum(scenario, target, "stalls"), "N0"),
                    Number(_measured.Sum(scenario, target, "errors"), "N0"));
            }
        }
    }

    private void ComposeMemory()
    {
        Heading("Memory: resident MB, greatest after any run");
        Row("target", "MB");
        Row("---", "--:");
        foreach (var target in Order)
        {
            if (_measured.Greatest(target, "rss_kb") is { } kilobytes)
            {
                Row(target, Number(kilobytes / 1024, "F0"));
            }
        }

        var totals = _measured.Values("million", "quoin", run => run["total"]);
        if (totals.Count == 0)
        {
            return;
        }

        var resident = _measured.Values("million", "quoin", run => run["rss_kb"]);
        Line();
        Line("Quoin over a million requests:");
        Line();
        Row("requests", "MB");
        Row("--:", "--:");
        foreach (var (total, kilobytes) in totals.Zip(resident))
        {
            Row(Number(total, "N0"), Number(kilobytes / 1024, "F0"));
        }
    }

    /// <summary>How far the slowest and the fastest round lie apart, in percent of the median.</summary>
    private string Spread(string scenario, string target)
    {
        var rates = _measured.Values(scenario, target, run => run["rps"]);
        var median = _measured.Median(scenario, target, "rps");
        return median > 0 ? Number((rates.Max() - rates.Min()) / median, "P0") : "";
    }

    private string Milliseconds(string scenario, string target, string name) =>
        Number(_measured.Median(scenario, target, name) / 1000, "F3");

    private string Added(string scenario, string target, string name) =>
        target == "direct" ? "" : Number(_measured.Added(scenario, target, name) / 1000, "F3");

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private void Heading(string text)
    {
        Line();
        Line("## " + text);
        Line();
    }

    private void Row(params string[] cells) => Line("| " + string.Join(" | ", cells) + " |");

    private void Line(string text = "") => _text.Append(text).Append('\n');
}
