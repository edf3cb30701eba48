using System.Net;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Jobs;

/// <summary>The real process on a disk that fails or is full now and then, by strace.</summary>
public sealed class DiskFaultTests
{
    [Theory]
    [InlineData("fdatasync", "EIO")]
    [InlineData("fsync,fdatasync", "EIO")]
    [InlineData("pwrite64", "ENOSPC")]
    public async Task A_failing_disk_refuses_jobs_and_loses_none(string calls, string error)
    {
        var strace = Workplace.Find("strace");
        Assert.SkipWhen(strace is null, "strace not found");
        using var folder = new ScratchFolder();
        var configuration = $$"""queue: {state_path: "{{folder.Path}}/state/jobs.journal", save_interval: 1h}""";
        var accepted = new List<(string Id, string Text)>();
        var refused = 0;

        // The start has written and synced by then.
        string[] tracing =
        [
            strace!, "-f", "-qq", "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}:when=6..60+7", "-o",
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
