namespace Quoin.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;

    /// <summary>Wrong usage or a configuration with errors.</summary>
    public const int BadInput = 2;

    public const int Unreachable = 3;

    /// <summary>Ended by Ctrl+C; what shells give a program ended by SIGINT.</summary>
    public const int Interrupted = 130;
}
