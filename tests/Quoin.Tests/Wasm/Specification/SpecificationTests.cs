namespace Quoin.Tests.Wasm.Specification;

/// <summary>Every assertion of the specification's own tests holds.</summary>
public sealed class SpecificationTests(SpecificationReport report) : IClassFixture<SpecificationReport>
{
    private const string Absent = "none";

    public static TheoryData<string> Scripts()
    {
        var names = new TheoryData<string>();
        foreach (var name in SpecificationArchives.Scripts.Keys)
            names.Add(name);
        if (names.Count == 0)
            names.Add(Absent);
        return names;
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Every_assertion_holds(string name)
    {
        Assert.SkipWhen(name == Absent, "QUOIN_TEST_DATA holds no wasm-spec-*.tar.gz");
        using var script = new SpecificationScript(SpecificationArchives.Scripts[name]);
        var results = script.Run();
        report.Add(name, results);
        var failed = results.Where(result => result.Outcome == ScriptOutcome.Failed).ToList();
        var shown = failed.Take(20).Select(result => $"line {result.Line}, {result.Kind}: {result.Detail}");
        Assert.True(failed.Count == 0, $"{failed.Count} of {results.Count}:\n{string.Join('\n', shown)}");
    }
}
