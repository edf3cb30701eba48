using System.Net;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Jobs;

/// <summary>The real process on a disk whose syncs fail, by strace.</summary>
public sealed class SyncFaultTests
{
    [Theory]
    [InlineData("fdatasync")]
    [InlineData("fsync,fdatasync")]
    public async Task A_failed_sync_is_told_and_nothing_acknowledged_is_lost(string calls)
    {
        var strace = Workplace.Find("strace");
        Assert.SkipWhen(strace is null, "strace not found");
        using var folder = new ScratchFolder();
        var configuration = $$"""queue: {state_path: "{{folder.Path}}/state/jobs.journal", save_interval: 1h}""";
        var accepted = new List<(string Id, string Text)>();
        var refused = 0;

        // The start has synced once by then, and its folder.
        string[] tracing =
        [
            strace!, "-f", "-qq", "-e", $"trace={calls}", "-e", $"inject={calls}:error=EIO:when=6..60+7", "-o",
            Path.Combine(folder.Path, "strace.txt"),
        ];
        await using (var quoin = await QuoinProcess.StartUnderAsync(
            tracing, configuration, TestContext.Current.CancellationToken))
        {
            using var client = new JobClient(quoin.Address);
            for (var i = 0; i < 200 && (refused < 2 || accepted.Count < 5); i++)
            {
                var (status, id) = await client.AcceptAsync($"text-{i}", $"key-{i}")
                    ?? throw quoin.Process.Failure("did not answer");
                if (id is not null)
                {
                    accepted.Add((id, $"text-{i}"));
                    continue;
                }

                Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
                refused++;
            }

            Assert.True(refused >= 2, $"{refused} refused, {accepted.Count} accepted");
            Assert.True(accepted.Count >= 5, $"{refused} refused, {accepted.Count} accepted");
            foreach (var (id, text) in accepted)
            {
                var job = await client.GetAsync(id) ?? throw quoin.Process.Failure("did not answer");
                Assert.Equal(text, JobClient.TextOf(job));
            }

            quoin.Process.Kill();
        }

        Assert.Contains(
            "INJECTED", await File.ReadAllTextAsync(Path.Combine(folder.Path, "strace.txt")), StringComparison.Ordinal);
        await using var again = await QuoinProcess.StartAsync(configuration, TestContext.Current.CancellationToken);
        using var reader = new JobClient(again.Address);
        foreach (var (id, text) in accepted)
        {
            var job = await reader.GetAsync(id) ?? throw again.Process.Failure("did not answer");
            Assert.Equal(text, JobClient.TextOf(job));
        }
    }
}
