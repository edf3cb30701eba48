using System.Globalization;
using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Command;

/// <summary>
/// <c>quoin benchmark</c> before a real server, and beside autocannon. Times are compared where both saw a machine that
/// was not held up; else the test says that it compared nothing.
/// </summary>
public sealed class BenchmarkTests
{
    private const int Latency = 50;
    private const string Chat = """{"model":"sim","messages":[{"role":"user","content":"Hello"}]}""";
    private const string StreamedChat =
        """{"model":"sim","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task At_the_same_rate_it_agrees_with_autocannon()
    {
        const int Rate = 200;
        const int Seconds = 3;
        Assert.SkipWhen(Workplace.ClientsMissing is not null, Workplace.ClientsMissing ?? "");
        var autocannon = Path.Combine(Workplace.Clients, "node_modules/autocannon/autocannon.js");
        Assert.SkipUnless(File.Exists(autocannon), "autocannon not installed; run ./test");
        await using var quoin = await StartAsync($"latency: {Latency}ms");
        var url = new Uri(quoin.Address, "/v1/chat/completions").ToString();

        var ours = await RunAsync(
            Workplace.Program,
            "benchmark", "route", url, "--rate", Text(Rate), "--duration", Text(Seconds) + "s", "--concurrency", "50",
            "--header", "Content-Type: application/json", "--body", Chat, "--timeout", "60s", "--json");
        // Its correction adds made-up answers, 5 ms apart, below each real one: half of all would be under 27 ms.
        var theirs = await RunAsync(
            Workplace.Find("node")!,
            autocannon, "-R", Text(Rate), "-d", Text(Seconds), "-c", "50", "-m", "POST", "-t", "60",
            "-H", "Content-Type: application/json", "-b", Chat, "--json", "--no-progress",
            "--ignoreCoordinatedOmission", url);

        Assert.Equal(Rate * Seconds, ours.GetProperty("statuses").GetProperty("2xx").GetInt32());
        Assert.Equal(0, ours.GetProperty("missed").GetInt32());
        var (our, their) = (ours.GetProperty("latency_ms"), theirs.GetProperty("latency"));
        // No answer comes before its time, to the millisecond of the other's clock.
        Assert.InRange(Number(our, "p50"), Latency * 0.98, double.MaxValue);
        Assert.InRange(Number(their, "p50"), Latency - 1, double.MaxValue);
        Assert.SkipWhen(
            Number(our, "max") > 4 * Latency || Number(their, "max") > 4 * Latency,
            "the machine was too busy to compare times");
        // It ends with the second and cuts off what is under way; and its first second is not always a whole one.
        Assert.InRange(
            theirs.GetProperty("2xx").GetInt32(), Rate * Seconds * 0.4, (Rate * Seconds * 1.1) + 50);
        Assert.InRange(Number(our, "p50"), Number(their, "p50") / 3, Number(their, "p50") * 3);
        Assert.InRange(Number(our, "p99"), Number(their, "p99") / 5, Number(their, "p99") * 5);
    }

    [Fact]
    public async Task Streams_of_the_simulated_model_are_timed_event_by_event()
    {
        await using var quoin = await StartAsync("token_rate: 100, tokens: 20, first_token: 30ms");
        var report = await RunAsync(
            Workplace.Program,
            "benchmark", "route", new Uri(quoin.Address, "/v1/chat/completions").ToString(), "--requests", "12",
            "--concurrency", "3", "--sse", "--header", "Content-Type: application/json", "--body", StreamedChat,
            "--timeout", "60s", "--json");
        var streams = report.GetProperty("streams");
        Assert.Equal(12, streams.GetProperty("count").GetInt32());
        Assert.Equal(0, streams.GetProperty("truncated").GetInt32());
        var events = streams.GetProperty("events").GetInt32();
        Assert.InRange(events, 12 * 20, 12 * 30);
        Assert.Equal(0, events % 12);
        Assert.Equal(events - 12, streams.GetProperty("gap_ms").GetProperty("count").GetInt32());
        Assert.InRange(Number(streams.GetProperty("first_event_ms"), "p50"), 29, double.MaxValue);
        // The last of twenty tokens is due 190 ms behind the first.
        Assert.InRange(Number(report.GetProperty("latency_ms"), "p50"), 215, double.MaxValue);
    }

    [Fact]
    public async Task Answers_that_are_errors_end_it_with_1()
    {
        await using var quoin = await StartAsync("latency: 0s");
        await using var benchmark = new ChildProcess(
            Workplace.Program,
            ["benchmark", "route", new Uri(quoin.Address, "/nothing").ToString(), "--requests", "7"],
            Path.GetTempPath());
        var output = await benchmark.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, benchmark.ExitCode);
        Assert.Matches(@"(?m)^errors +4xx 7$", output);
    }

    private static Task<QuoinProcess> StartAsync(string sim) => QuoinProcess.StartAsync(
        $"providers: {{sim: {{type: sim, sim: {{{sim}}}}}}}", TestContext.Current.CancellationToken);

    private static async Task<JsonElement> RunAsync(string program, params string[] arguments)
    {
        await using var process = new ChildProcess(program, arguments, Path.GetTempPath());
        var output = await process.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode != 0)
            throw process.Failure($"ended with {process.ExitCode}: {output}");
        return JsonElement.Parse(output);
    }

    private static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
