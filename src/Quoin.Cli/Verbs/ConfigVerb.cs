using System.CommandLine;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin config show</c>, <c>config schema</c> and, hidden, <c>config reference</c></summary>
internal static class ConfigVerb
{
    public static Command Create(CommandContext context) =>
        new("config", "Show and describe the configuration.\n\nExample: quoin config show")
        {
            CreateShow(context),
            CreateSchema(context),
            CreateReference(context),
        };

    private static Command CreateShow(CommandContext context)
    {
        var command = new Command(
            "show",
            """
            Print the configuration that `quoin serve` would run with, and where each value comes from. Secrets are
            masked.

            Example: quoin config show --config quoin.yaml
            """);
        var options = new SettingOptions(command);
        var json = JsonOption.Create();
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var result = ConfigurationLoader.Load(options.Read(parsed, context));
            if (result.Configuration is not { } configuration)
            {
                context.WriteErrors(result.Errors);
                return ExitCode.BadInput;
            }

            if (parsed.GetValue(json))
                JsonOption.Write(context, writer => EffectiveConfiguration.WriteJson(configuration, writer));
            else
                context.Output.Write(EffectiveConfiguration.ToYaml(configuration));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateSchema(CommandContext context)
    {
        var command = new Command(
            "schema",
            """
            Print a JSON Schema of the configuration file. In editors with the YAML language server, begin the file
            with: # yaml-language-server: $schema=quoin.schema.json

            Example: quoin config schema > quoin.schema.json
            """);
        command.SetAction(_ => JsonOption.Write(context, ConfigurationSchema.Write));
        return command;
    }

    private static Command CreateReference(CommandContext context)
    {
        var command = new Command(
            "reference",
            "Print the page docs/configuration.md.\n\nExample: quoin config reference > docs/configuration.md")
        {
            Hidden = true,
        };
        command.SetAction(_ => context.Output.Write(ConfigurationReference.ToMarkdown()));
        return command;
    }
}
