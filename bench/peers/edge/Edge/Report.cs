using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Quoin.Peers.Edge;

/// <summary>
/// Medians of all rounds as a table for each scenario, with the goals; the runs themselves as JSON beside it.
/// </summary>
internal sealed class Report(List<JsonObject> runs)
{
    private static readonly string[] Subjects = ["kestrel", "quoin", "nginx", "caddy", "node", "uvicorn"];

    private static readonly (string Scenario, string Title)[] Rates =
    [
        ("plain1", "Plaintext over HTTP/1.1: wrk, 64 connections"),
        ("plain2", "Plaintext over HTTP/2 and TLS: h2load, 8 connections of 16 streams"),
        ("plain3", "Plaintext over HTTP/3: gtlsclient, 2 connections of 100 streams"),
        ("json1", "JSON over HTTP/1.1: wrk, 64 connections"),
        ("json2", "JSON over HTTP/2 and TLS: h2load, 8 connections of 16 streams"),
        ("json3", "JSON over HTTP/3: gtlsclient, 2 connections of 100 streams"),
        ("static10k", "File of 10 KB over HTTP/1.1: wrk, 64 connections"),
        ("static1m", "File of 1 MB over HTTP/1.1: wrk, 64 connections"),
        ("ws", "WebSocket echo of 32 bytes: quoin benchmark, 32 connections"),
        ("tls", "TLS handshakes, each for one request: wrk, 16 at a time"),
    ];

    private readonly StringBuilder _text = new();

    public static int Write(string measurements, string facts, string output)
    {
        var runs = File.ReadLines(measurements).Select(line => JsonNode.Parse(line)!.AsObject()).ToList();
        var report = new Report(runs);
        report.Compose(File.ReadAllLines(facts));
        File.WriteAllText(output + ".md", report._text.ToString());
        File.WriteAllText(
            output + ".json", new JsonObject { ["runs"] = new JsonArray([.. runs]) }.ToJsonString() + "\n");
        return 0;
    }

    private void Compose(string[] facts)
    {
        Line("# Quoin.Http beside its peers");
        Line();
        Line("Written by `bench/peers/edge/run`; every run is in the JSON file beside this one. *Of Kestrel* is the");
        Line("median of the ratios to bare Kestrel in the same round. *Spread* is how far the slowest and the fastest");
        Line("round lie apart. Server and client share the machine's cores. Bare Kestrel speaks HTTP/3 by Quoin.Quic");
        Line("too, for the QUIC of .NET needs a library that Debian does not have.");
        Line();
        foreach (var fact in facts)
        {
            Line("- " + fact);
        }

        ComposeGoals();
        foreach (var (scenario, title) in Rates)
        {
            ComposeRates(scenario, title);
        }

        ComposeIdle();
    }

    private void ComposeGoals()
    {
        Heading("Goals");
        Row("goal", "measured", "");
        Row("---", "--:", "---");
        foreach (var scenario in (string[])["plain1", "plain2", "plain3", "json1", "json2", "json3"])
        {
            Goal($"{scenario}, of Kestrel ≥ 0.97", Ratio(scenario, "quoin", "kestrel"), ratio => ratio >= 0.97);
        }

        foreach (var scenario in (string[])["static10k", "static1m"])
        {
            Goal($"{scenario}, of nginx ≥ 0.8", Ratio(scenario, "quoin", "nginx"), ratio => ratio >= 0.8);
        }

        var idle = Median(Values("idle", "quoin", "managed_each")) / 1024;
        Goal("idle connection, managed KB ≤ 8", idle, kilobytes => kilobytes <= 8);
    }

    private void Goal(string text, double? measured, Func<double, bool> reached)
    {
        var verdict = measured is not { } value ? "not measured" : reached(value) ? "pass" : "**fail**";
        Row(text, Number(measured, "F2"), verdict);
    }

    private void ComposeRates(string scenario, string title)
    {
        if (!runs.Exists(run => (string?)run["scenario"] == scenario))
        {
            return;
        }

        Heading(title);
        Row("subject", "a second", "of Kestrel", "spread", "CPU µs each", "p99 ms", "errors");
        Row("---", "--:", "--:", "--:", "--:", "--:", "--:");
        foreach (var subject in Subjects)
        {
            var rates = Values(scenario, subject, "rps");
            if (rates.Count > 0)
            {
                Row(
                    subject, Number(Median(rates), "N0"), Number(Ratio(scenario, subject, "kestrel"), "F2"),
                    Number((rates.Max() - rates.Min()) / Median(rates), "P0"),
                    Number(Median(ProcessorTimes(scenario, subject)), "F1"),
                    Number(Median(Values(scenario, subject, "p99_ms")), "F2"),
                    Number(Values(scenario, subject, "errors").Sum(), "N0"));
            }
        }
    }

    private void ComposeIdle()
    {
        if (!runs.Exists(run => (string?)run["scenario"] == "idle"))
        {
            return;
        }

        Heading("Idle connections, HTTP/1.1, each after one request");
        Row("subject", "connections", "resident KB each", "managed KB each");
        Row("---", "--:", "--:", "--:");
        foreach (var subject in Subjects.Where(subject => Values("idle", subject, "connections").Count > 0))
        {
            Row(
                subject, Number(Median(Values("idle", subject, "connections")), "N0"),
                Number(Median(Values("idle", subject, "resident_each")) / 1024, "F1"),
                Number(Median(Values("idle", subject, "managed_each")) / 1024, "F1"));
        }
    }

    /// <summary>
    /// The median of the ratios of each round, for what the machine does else falls on both of a round.
    /// </summary>
    private double? Ratio(string scenario, string subject, string to)
    {
        var ratios = new List<double>();
        foreach (var run in runs.Where(run => Is(run, scenario, subject)))
        {
            var other = runs.Find(one => Is(one, scenario, to) && (int)one["round"]! == (int)run["round"]!);
            if (other is not null && (double)other["rps"]! > 0)
            {
                ratios.Add((double)run["rps"]! / (double)other["rps"]!);
            }
        }

        return Median(ratios);
    }

    /// <summary>
    /// Microseconds of the subject's own processes for each request: what a busy machine changes least.
    /// </summary>
    private List<double> ProcessorTimes(string scenario, string subject) =>
        [.. runs.Where(run => Is(run, scenario, subject) && (double)run["requests"]! > 0)
            .Select(run => (double)run["cpu_s"]! * 1e6 / (double)run["requests"]!)];

    private List<double> Values(string scenario, string subject, string name) =>
        [.. runs.Where(run => Is(run, scenario, subject)).Select(run => (double?)run[name]).OfType<double>()];

    private static bool Is(JsonObject run, string scenario, string subject) =>
        (string?)run["scenario"] == scenario && (string?)run["subject"] == subject;

    private static double? Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return values.Count == 0 ? null
            : values.Count % 2 == 1 ? values[middle]
            : (values[middle - 1] + values[middle]) / 2;
    }

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
