namespace Quoin.Server.Configuration;

/// <summary>A setting given on the command line.</summary>
/// <param name="Option">The option as the user wrote it (<c>--port</c>).</param>
/// <param name="Key">The key path it sets (<c>server.port</c>).</param>
public sealed record CommandLineSetting(string Option, string Key, string Value);

/// <summary>All that a configuration is read from. Reading it again gives the same unless the file changed.</summary>
public sealed record ConfigurationInputs
{
    /// <summary>What <c>--config</c> named; null: <c>QUOIN_CONFIG</c>, else <c>quoin.yaml</c> if it exists.</summary>
    public string? File { get; init; }

    /// <summary>False: no file at all, not even the one in the working folder.</summary>
    public bool UseFile { get; init; } = true;

    /// <summary>Value of an environment variable, null where it is not set.</summary>
    public Func<string, string?> Environment { get; init; } = static _ => null;

    /// <summary>
    /// What the parts of the server find wrong beyond this folder's rules (the content of files that settings name):
    /// key path and message.
    /// </summary>
    public Func<QuoinOptions, IEnumerable<(string Key, string Message)>> Check { get; init; } = ServerHost.Check;

    public IReadOnlyList<CommandLineSetting> CommandLine { get; init; } = [];

    /// <summary>Where relative paths of the command line and the environment start.</summary>
    public string WorkingFolder { get; init; } = "/";

    /// <summary>The inputs of this process.</summary>
    public static ConfigurationInputs OfProcess(string? file = null) => new()
    {
        File = file,
        Environment = System.Environment.GetEnvironmentVariable,
        WorkingFolder = Directory.GetCurrentDirectory(),
    };
}
