using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Fuzz.Targets;

/// <summary>A configuration file gives a configuration that can be shown and read again, or errors.</summary>
internal sealed class ConfigurationTarget() : FuzzTarget("configuration", InputFormat.Text)
{
    private static readonly ConfigurationInputs Inputs = new()
    {
        Environment = static name => name == "A" ? "alpha" : null,
        CommandLine = [],
        WorkingFolder = Path.GetTempPath(),
    };

    private static readonly string[] Samples =
    [
        "server: {port: 1001, max_request_size: 20MB}\nllm:\n  timeout: 1m30s\n",
        "providers:\n  main: &main\n    type: openai-compatible\n    base_url: \"http://10.0.0.1:9000/v1\"\n"
            + "    headers: {X-Team: 'blue'}\n    models: [a, \"b*\", 4]\n  other: *main\n"
            + "  sim: {type: sim, model: \"${A:-x}\"}\nprovider_preference:\n  - sim\n"
            + "models:\n  gpt:\n    - {provider: main, model: large}\n",
        "logging:\n  level: info # all\n  prompts: false\nmetrics: {enabled: true, port: 9090}\n",
    ];

    public override IEnumerable<byte[]> Corpus() =>
        Samples.Append(EffectiveConfiguration.ToYaml(Load([]).Configuration!)).Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        var result = Load(input);
        FuzzFailure.Unless(
            result.Configuration is null != (result.Errors.Count == 0), "neither a configuration nor errors, or both");
        FuzzFailure.Unless(
            result.Errors.All(error => !error.ToString().Contains('\n', StringComparison.Ordinal)),
            "an error is longer than a line");
        if (result.Configuration is { } configuration)
        {
            var again = Load(Encoding.UTF8.GetBytes(EffectiveConfiguration.ToYaml(configuration)));
            FuzzFailure.Unless(again.Configuration is not null, "what is shown cannot be read");
        }
    }

    private static ConfigurationResult Load(byte[] yaml) => ConfigurationLoader.Load(Inputs, "quoin.yaml", yaml);
}
