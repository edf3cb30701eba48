using System.Text;
using Quoin.Fuzz;

namespace Quoin.Tests.Gateway;

/// <summary>A short run of every fuzz target. docs/fuzzing.md has the long one.</summary>
public sealed class FuzzTests
{
    private const int Inputs = 2000;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Nothing_is_found_in_a_short_run(string name)
    {
        var target = FuzzTargets.All.Single(item => item.Name == name);
        var run = new FuzzRun(target, seed: 1, TimeProvider.System);
        var finding = run.Run([.. target.Corpus()], static count => count < Inputs);
        Assert.True(
            finding is null,
            finding is null ? "" : $"{finding.Kind}: {Encoding.UTF8.GetString(finding.Input)}\n{finding.Exception}");
        Assert.Equal(Inputs, run.Iterations);
    }
}
