using System.CommandLine;
using Quoin.Server;
using Quoin.Server.Configuration;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin sim</c>: the simulated provider alone, set by options instead of a file.</summary>
internal static class SimVerb
{
    private static readonly (string Option, string Key, string Value, string Description)[] Table =
    [
        ("--host", "server.host", "ADDRESS", "Address to listen on"),
        ("--port", "server.port", "N", "Port to listen on; 0 takes a free one"),
        ("--scenario", "providers.sim.sim.scenario", "FILE", "File of scripted faults"),
        ("--seed", "providers.sim.sim.seed", "N", "Same seed and same request: same answer"),
        ("--latency", "providers.sim.sim.latency", "TIME", "Time before the response headers (50ms)"),
        ("--first-token", "providers.sim.sim.first_token", "TIME", "Time from the headers to the first token"),
        ("--token-rate", "providers.sim.sim.token_rate", "N", "Tokens a second of a stream; 0: no pause"),
        ("--tokens", "providers.sim.sim.tokens", "N", "Tokens of an answer"),
        ("--log-level", "logging.level", "LEVEL", "trace, debug, info, warn or error"),
        ("--log-format", "logging.format", "FORMAT", "json or text"),
    ];

    // A second server beside one that runs must not want the same port for its metrics.
    private static readonly CommandLineSetting[] Fixed =
    [
        new("quoin sim", "providers.sim.type", "sim"),
        new("quoin sim", "metrics.port", "0"),
    ];

    public static Command Create(CommandContext context)
    {
        var command = new Command(
            "sim",
            """
            Run the simulated provider alone: the OpenAI, Anthropic and Gemini APIs with made-up answers. No
            configuration file and no settings of the environment apply.

            Example: quoin sim --port 9000 --token-rate 50 --scenario faults.yaml
            """);
        var options = new List<(Option<string> Option, string Key)>();
        foreach (var (name, key, value, description) in Table)
        {
            var option = new Option<string>(name) { Description = description, HelpName = value };
            options.Add((option, key));
            command.Options.Add(option);
        }

        command.SetAction((parsed, _) =>
        {
            var settings = Fixed.ToList();
            foreach (var (option, key) in options)
            {
                if (parsed.GetValue(option) is { } value)
                    settings.Add(new(option.Name, key, value));
            }

            return RunAsync(settings, context);
        });
        return command;
    }

    private static async Task<int> RunAsync(List<CommandLineSetting> settings, CommandContext context)
    {
        var inputs = new ConfigurationInputs
        {
            UseFile = false,
            CommandLine = settings,
            WorkingFolder = context.WorkingFolder,
        };
        var result = ConfigurationLoader.Load(inputs);
        if (result.Configuration is not { } configuration)
        {
            context.WriteErrors(result.Errors);
            return ExitCode.BadInput;
        }

        using var source = new ConfigurationSource(configuration, inputs);
        using var stop = new StopSignals();
        await ServerHost.RunSimAsync(source, stop.Token);
        return stop.ExitCode;
    }
}
