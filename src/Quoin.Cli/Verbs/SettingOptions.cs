using System.CommandLine;
using Quoin.Server.Configuration;

namespace Quoin.Cli.Verbs;

/// <summary>
/// The settings that have an option of their own. They are text here: the binder judges them as all others.
/// </summary>
internal sealed class SettingOptions
{
    private static readonly (string Option, string Key, string Value, string Description)[] Table =
    [
        ("--host", "server.host", "ADDRESS", "Address to listen on"),
        ("--port", "server.port", "N", "Port to listen on; 0 takes a free one"),
        ("--tls-cert", "server.tls.cert_file", "FILE", "PEM certificate: serve over TLS"),
        ("--tls-key", "server.tls.key_file", "FILE", "PEM key of the certificate"),
        ("--workers", "server.workers", "N", "Processes that share the port; auto: one a core"),
        ("--metrics-port", "metrics.port", "N", "Port of the metrics page; 0: the main port only"),
        ("--log-level", "logging.level", "LEVEL", "trace, debug, info, warn or error"),
        ("--log-format", "logging.format", "FORMAT", "json or text"),
    ];

    private readonly List<(Option<string> Option, string Key)> _options = [];

    public SettingOptions(Command command)
    {
        command.Options.Add(File);
        foreach (var (name, key, value, description) in Table)
        {
            var option = new Option<string>(name) { Description = description, HelpName = value };
            _options.Add((option, key));
            command.Options.Add(option);
        }
    }

    public Option<string> File { get; } = ConfigFile();

    public static Option<string> ConfigFile() => new("--config", "-c")
    {
        Description = "Configuration file; default: QUOIN_CONFIG, else quoin.yaml if it exists",
        HelpName = "FILE",
    };

    public ConfigurationInputs Read(ParseResult parsed, CommandContext context)
    {
        var settings = new List<CommandLineSetting>();
        foreach (var (option, key) in _options)
        {
            if (parsed.GetValue(option) is { } value)
                settings.Add(new(option.Name, key, value));
        }

        return context.Inputs(parsed.GetValue(File), settings);
    }
}
