using System.CommandLine;
using System.Reflection;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin version</c></summary>
internal static class VersionVerb
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("version", "Show the version.\n\nExample: quoin version");
        command.SetAction(_ => context.Output.WriteLine(Version));
        return command;
    }

    private static string Version => typeof(VersionVerb).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
