using System.Text;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Fuzz.Targets;

/// <summary>A scenario file is read, or refused by <see cref="SimScenarioException"/> with what is wrong.</summary>
internal sealed class ScenarioTarget() : FuzzTarget("scenario", InputFormat.Text)
{
    private static readonly string[] Samples =
    [
        "faults_by_header: true\nrules:\n  - name: one\n    match: {model: limited}\n"
            + "    fault: {type: rate_limit, retry_after: 2s}\n    times: 2\n",
        "rules:\n  - match: {model: a*, dialect: anthropic, stream: true}\n    fault: rate_limit\n    for: 60s\n",
        "rules:\n  - match: {operation: embeddings}\n    fault: {type: error, status: 500}\n    after: 3\n",
        "rules:\n  - fault: {type: cut, after: 3}\n  - fault: stall\n  - fault: malformed\n",
    ];

    public override IEnumerable<byte[]> Corpus() => Samples.Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        try
        {
            SimScenarioReader.Parse(Encoding.UTF8.GetString(input), "scenario.yaml");
        }
        catch (SimScenarioException e)
        {
            FuzzFailure.Unless(e.Errors.Count > 0, "a scenario is refused without a reason");
        }
    }
}
