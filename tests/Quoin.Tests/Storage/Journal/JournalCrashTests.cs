using Quoin.Server.Storage.Journal;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage.Journal;

/// <summary>
/// The power fails at every step there is, and the disk is found in many of the ways that are possible. Each time all
/// that was acknowledged is there, in order, and of the rest at most what was being written.
/// </summary>
public sealed class JournalCrashTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(75)]
    [InlineData(int.MaxValue)]
    public async Task Whatever_step_the_power_fails_at_nothing_acknowledged_is_lost(int tornBytes)
    {
        var steps = (await RunAsync(new FaultyFiles())).Steps;
        Assert.True(steps > 20, $"only {steps} steps");
        var random = new Random(tornBytes);
        for (var step = 0; step <= steps; step++)
        {
            var files = new FaultyFiles { PowerFailsAt = step, TornBytes = tornBytes };
            var (acknowledged, attempted, _) = await RunAsync(files);
            for (var outcome = 0; outcome < 8; outcome++)
            {
                await CheckAsync(files.Reboot(random), acknowledged, attempted, $"step {step}, outcome {outcome}");
            }
        }
    }

    [Fact]
    public async Task A_torn_write_of_any_length_costs_nothing_acknowledged()
    {
        var random = new Random(7);
        for (var torn = 0; torn < 120; torn++)
        {
            var files = new FaultyFiles();
            await using (var journal = new OpenJournal(files))
            {
                await journal.AppendAsync("first");
                (files.TornBytes, files.PowerFailsAt) = (torn, files.Operations.Count);
                Assert.NotEqual(JournalResult.Durable, await journal.AppendAsync(new string('z', 60)));
            }

            await CheckAsync(files.Reboot(random), ["first"], ["first", new string('z', 60)], $"{torn} bytes");
        }
    }

    /// <summary>Opens, appends, compacts, appends.</summary>
    private static async Task<(List<string> Acknowledged, List<string> Attempted, int Steps)> RunAsync(
        FaultyFiles files)
    {
        var (acknowledged, attempted) = (new List<string>(), new List<string>());
        try
        {
            await using var journal = new OpenJournal(files);
            for (var i = 0; i < 9; i++)
            {
                if (i is 3 or 6)
                {
                    journal.State.Garbage = 1 << 20;
                    journal.Clock.Advance(OpenJournal.SaveInterval);
                }

                var text = $"record {i}";
                attempted.Add(text);
                if (await journal.AppendAsync(text) == JournalResult.Durable)
                {
                    acknowledged.Add(text);
                }
            }
        }
        catch (JournalException)
        {
            // The power failed while it was opened.
        }

        return (acknowledged, attempted, files.Operations.Count);
    }

    private static async Task CheckAsync(
        FaultyFiles found, List<string> acknowledged, List<string> attempted, string where)
    {
        await using var again = new OpenJournal(found);
        var texts = again.State.Texts.ToList();
        Assert.True(
            acknowledged.SequenceEqual(texts.Take(acknowledged.Count)),
            $"{where}: acknowledged {string.Join(", ", acknowledged)}, found {string.Join(", ", texts)}");
        var further = texts.Skip(acknowledged.Count).ToList();
        Assert.True(
            further.Count <= 1 && further.All(attempted.Contains),
            $"{where}: found {string.Join(", ", further)} besides");
        Assert.Equal(JournalResult.Durable, await again.AppendAsync("and on"));
        Assert.DoesNotContain(
            found.Names, name => name.Contains(".damaged-", StringComparison.Ordinal));
    }
}
