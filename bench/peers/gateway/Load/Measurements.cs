using System.Text.Json.Nodes;

namespace Quoin.Peers.Gateway;

/// <summary>The lines of JSON that the runs left, one for each run.</summary>
internal sealed class Measurements
{
    private readonly List<JsonObject> _runs;

    private Measurements(List<JsonObject> runs)
    {
        _runs = runs;
    }

    public static Measurements Read(string file) =>
        new([.. File.ReadLines(file).Select(line => JsonNode.Parse(line)!.AsObject())]);

    public JsonArray ToJson() => [.. _runs.Select(run => run.DeepClone())];

    /// <summary>The targets measured in a scenario, in the order of <paramref name="order"/>.</summary>
    public IEnumerable<string> Targets(string scenario, IEnumerable<string> order) =>
        order.Where(target => Runs(scenario, target).Any());

    public double? Median(string scenario, string target, Func<Run, double?> value)
    {
        var values = Values(scenario, target, value);
        if (values.Count == 0)
        {
            return null;
        }

        values.Sort();
        var middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    public double? Median(string scenario, string target, string name) =>
        Median(scenario, target, run => run[name]);

    /// <summary>What a target adds to the upstream alone.</summary>
    public double? Added(string scenario, string target, string name) =>
        Median(scenario, target, name) - Median(scenario, "direct", name);

    public double Sum(string scenario, string target, string name) =>
        Values(scenario, target, run => run[name]).Sum();

    /// <summary>The values of a scenario's runs, in the order they were made.</summary>
    public List<double> Values(string scenario, string target, Func<Run, double?> value) =>
        [.. Runs(scenario, target).Select(value).OfType<double>()];

    /// <summary>The greatest value of all runs of a target.</summary>
    public double? Greatest(string target, string name) =>
        _runs.Where(run => (string?)run["target"] == target).Max(run => new Run(run)[name]);

    private IEnumerable<Run> Runs(string scenario, string target) =>
        _runs.Where(run => (string?)run["scenario"] == scenario && (string?)run["target"] == target)
            .Select(run => new Run(run));

    /// <summary>One run and its numbers by name.</summary>
    internal sealed class Run(JsonObject values)
    {
        public double? this[string name] => (double?)values[name];
    }
}
