using Quoin.Server.Configuration;

namespace Quoin.Cli;

/// <summary>What a verb may touch of the process: where it writes, what it reads. Tests give their own.</summary>
internal sealed record CommandContext
{
    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    public required Func<string, string?> Environment { get; init; }

    public required string WorkingFolder { get; init; }

    /// <summary>Colour is for people at a terminal who did not ask for none (no-color.org).</summary>
    public bool Colour { get; init; }

    public static CommandContext OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Environment = System.Environment.GetEnvironmentVariable,
        WorkingFolder = Directory.GetCurrentDirectory(),
        Colour = !Console.IsErrorRedirected &&
            string.IsNullOrEmpty(System.Environment.GetEnvironmentVariable("NO_COLOR")) &&
            System.Environment.GetEnvironmentVariable("TERM") != "dumb",
    };

    public ConfigurationInputs Inputs(string? file, IReadOnlyList<CommandLineSetting>? settings = null) => new()
    {
        File = file,
        Environment = Environment,
        CommandLine = settings ?? [],
        WorkingFolder = WorkingFolder,
    };

    /// <summary>One line for each error, the place in bold.</summary>
    public void WriteErrors(IReadOnlyList<ConfigurationError> errors)
    {
        foreach (var error in errors)
        {
            var line = error.ToString();
            var place = error.Origin.Place.Length + 1;
            Error.WriteLine(Colour ? $"\e[1m{line[..place]}\e[0m{line[place..]}" : line);
        }
    }
}
