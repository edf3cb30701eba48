using System.Globalization;
using System.Net;
using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Jobs;

/// <summary>
/// The real process, killed again and again while clients send jobs. Every 202 ends in exactly one result: the one of
/// its own question, and the same whenever it is asked for, before a kill and after it.
/// </summary>
public sealed class CrashTests
{
    private const int Clients = 4;

    /// <summary>More by <c>QUOIN_CRASH_ROUNDS</c> (CONTRIBUTING.md).</summary>
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("QUOIN_CRASH_ROUNDS"), CultureInfo.InvariantCulture, out var n)
            ? n
            : 10;

    [Fact]
    public async Task Every_accepted_job_ends_in_exactly_one_result_however_often_the_server_is_killed()
    {
        using var folder = new ScratchFolder();
        var configuration =
            $$"""
            queue: {state_path: "{{folder.Path}}/state/jobs.journal", save_interval: 1s}
            jobs: {max_attempts: 100, max_jobs: 1000000}
            providers:
              sim:
                type: sim
                sim: {latency: 20ms}
            """;
        var seed = (int)TimeProvider.System.GetTimestamp();
        var random = new Random(seed);
        var accepted = new Dictionary<string, string>(StringComparer.Ordinal);
        var results = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var round = 0; round < Rounds; round++)
        {
            await using var quoin = await QuoinProcess.StartAsync(
                configuration, TestContext.Current.CancellationToken);
            using var client = new JobClient(quoin.Address);
            using var killing = new CancellationTokenSource();
            var sending = Enumerable.Range(0, Clients).Select(
                i => SendAsync(client, $"{round}-{i}", accepted, new Random(seed + i), killing.Token)).ToArray();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20, 600)), TimeProvider.System);
            await CheckSomeAsync(client, accepted, results, random);
            quoin.Process.Kill();
            await killing.CancelAsync();
            await Task.WhenAll(sending);
        }

        await using var last = await QuoinProcess.StartAsync(configuration, TestContext.Current.CancellationToken);
        using var reader = new JobClient(last.Address);
        Assert.True(accepted.Count > Rounds, $"only {accepted.Count} jobs were accepted in {Rounds} rounds");
        foreach (var (id, text) in accepted)
        {
            var job = await reader.GetAsync(id) ?? throw last.Process.Failure($"lost {id} (seed {seed})");
            Assert.True(JobClient.StatusOf(job) == "succeeded", $"seed {seed}: {job}");
            Assert.Equal(text, JobClient.TextOf(job));
            Assert.Equal(results.GetValueOrDefault(id, ResultOf(job)), ResultOf(job));

            // The same key is the same job still.
            Assert.Equal((HttpStatusCode.Accepted, id), await reader.AcceptAsync(text, text));
        }

        TestContext.Current.SendDiagnosticMessage($"{Rounds} kills, {accepted.Count} jobs, each with one result");
        Assert.Equal(0, await last.StopAsync(TestContext.Current.CancellationToken));
    }

    private static string ResultOf(JsonElement job) => job.GetProperty("result").GetRawText();

    private static async Task SendAsync(
        JobClient client, string name, Dictionary<string, string> accepted, Random random, CancellationToken killed)
    {
        for (var i = 0; !killed.IsCancellationRequested; i++)
        {
            var text = $"job {name} {i}".Replace(' ', '-');
            if (await client.AcceptAsync(text, text) is not { } answer)
            {
                return;
            }

            lock (accepted)
            {
                Assert.Equal(HttpStatusCode.Accepted, answer.Status);
                accepted.Add(answer.Id!, text);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Notes results that were seen before a kill.</summary>
    private static async Task CheckSomeAsync(
        JobClient client, Dictionary<string, string> accepted, Dictionary<string, string> results, Random random)
    {
        string[] ids;
        lock (accepted)
        {
            ids = [.. accepted.Keys.Where(_ => random.Next(10) == 0).Take(20)];
        }

        foreach (var id in ids)
        {
            if (await client.GetAsync(id, "") is { } job && JobClient.StatusOf(job) == "succeeded")
            {
                Assert.Equal(results.GetValueOrDefault(id, ResultOf(job)), ResultOf(job));
                results[id] = ResultOf(job);
            }
        }
    }
}
