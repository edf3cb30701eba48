namespace Quoin.Tests.Repository;

/// <summary>The layout test is worth what its measures are.</summary>
public sealed class SourceMeasuresTests
{
    [Fact]
    public void A_function_is_measured_from_its_signature_to_its_last_brace()
    {
        const string Source = """
            sealed class Sample(int start)
            {
                /// <summary>Not counted.</summary>
                [Obsolete]
                public int Next(int step)
                {
                    return Add();

                    int Add() => start + step;
                }

                public int Twice
                {
                    get => field * 2;
                }
            }
            """;
        var measures = SourceMeasures.Functions("a.cs", SourceMeasures.Parse(Source)).ToList();
        Assert.Equal(
            [new("a.cs: Next", 6), new("a.cs: Add", 1), new("a.cs: Twice", 4), new("a.cs: get", 1)],
            measures);
    }

    [Fact]
    public void Top_level_statements_are_one_function()
    {
        var unit = SourceMeasures.Parse("using System;\n\nvar a = 1;\n\nreturn a;\nsealed class C;\n");
        Assert.Equal([new Measure("p.cs: top-level statements", 3)], SourceMeasures.Functions("p.cs", unit));
    }

    [Fact]
    public void Long_lines_count_but_for_those_inside_a_raw_string()
    {
        var data = new string('x', 30);
        var source = $"var a = \"{data}\";\nvar b = \"\"\"\n    {data}\n    \"\"\";\n";
        var lines = SourceMeasures.LongLines("a.cs", SourceMeasures.Parse(source), 20);
        Assert.Equal([new Measure("a.cs:1", 41)], lines);
    }

    [Fact]
    public void Names_are_found_in_usings_qualified_types_and_calls_but_not_in_the_own_namespace()
    {
        const string Source = """
            using Quoin.Server.Gateway.Dialects;

            namespace Quoin.Server.Flows;

            sealed class Runner { private Storage.Table _table = Control.Keys.Open(); }
            """;
        var names = SourceMeasures.NamesUsed(SourceMeasures.Parse(Source)).ToList();
        Assert.Contains("Quoin.Server.Gateway.Dialects", names);
        Assert.Contains("Storage.Table", names);
        Assert.Contains("Control.Keys.Open", names);
        Assert.DoesNotContain("Quoin.Server.Flows", names);
    }
}
