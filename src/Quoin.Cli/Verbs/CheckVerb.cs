using System.CommandLine;
using System.Text.Json;
using Quoin.Server.Configuration;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin check FILE [--against OLD]</c></summary>
internal static class CheckVerb
{
    public static Command Create(CommandContext context)
    {
        var command = new Command(
            "check",
            """
            Check a configuration file, with the environment of this shell. With --against, also say what a running
            server would do with it in place of the old one.

            Example: quoin check --against /etc/quoin/quoin.yaml quoin.yaml
            """);
        var file = new Argument<string>("FILE") { Description = "The file to check" };
        var against = new Option<string>("--against")
        {
            Description = "The file in use now: names what changes, and what of it needs a restart",
            HelpName = "OLD",
        };
        var json = JsonOption.Create();
        command.Arguments.Add(file);
        command.Options.Add(against);
        command.Options.Add(json);
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(file), parsed.GetValue(against), parsed.GetValue(json), context));
        return command;
    }

    private static int Run(string file, string? against, bool json, CommandContext context)
    {
        var result = ConfigurationLoader.Load(context.Inputs(file));
        var errors = result.Errors.ToList();
        IReadOnlyList<ConfigurationChange>? changes = null;
        if (against is not null)
        {
            var old = ConfigurationLoader.Load(context.Inputs(against));
            errors.AddRange(old.Errors.Where(error => !errors.Contains(error)));
            if (old.Configuration is not null && result.Configuration is not null)
            {
                changes = ConfigurationDifference.Between(
                    old.Configuration.Options, result.Configuration.Options);
            }
        }

        if (json)
            JsonOption.Write(context, writer => WriteJson(writer, errors, changes));
        else
            WriteText(context, file, errors, changes);
        return errors.Count == 0 ? ExitCode.Done : ExitCode.BadInput;
    }

    private static void WriteText(
        CommandContext context, string file, List<ConfigurationError> errors,
        IReadOnlyList<ConfigurationChange>? changes)
    {
        context.WriteErrors(errors);
        if (errors.Count > 0)
            return;
        context.Output.WriteLine($"{file}: valid");
        if (changes is { Count: 0 })
            context.Output.WriteLine("nothing changes");
        foreach (var change in changes ?? [])
            context.Output.WriteLine($"{change.Key}: changes {(change.Restart ? "at the next start" : "live")}");
    }

    private static void WriteJson(
        Utf8JsonWriter writer, List<ConfigurationError> errors, IReadOnlyList<ConfigurationChange>? changes)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("valid", errors.Count == 0);
        writer.WriteStartArray("errors");
        foreach (var error in errors)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", error.Kind.ToString());
            writer.WriteString("origin", error.Origin.ToString());
            writer.WriteString("file", error.File);
            writer.WriteNumber("line", error.Line);
            writer.WriteNumber("column", error.Column);
            writer.WriteString("key", error.Key);
            writer.WriteString("message", error.Message);
            writer.WriteString("found", error.Found);
            writer.WriteString("accepted", error.Accepted);
            writer.WriteString("nearest", error.Nearest);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (changes is not null)
        {
            writer.WriteStartArray("changes");
            foreach (var change in changes)
            {
                writer.WriteStartObject();
                writer.WriteString("key", change.Key);
                writer.WriteBoolean("restart", change.Restart);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
