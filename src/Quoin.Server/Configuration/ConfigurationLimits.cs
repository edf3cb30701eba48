namespace Quoin.Server.Configuration;

/// <summary>
/// What a configuration may measure. The file is written by an operator, yet a wrong path, a mistyped template or a
/// file with nested aliases must not take the memory of a server that reloads while it serves.
/// </summary>
internal static class ConfigurationLimits
{
    /// <summary>Bytes of the file. Ten thousand models of fifty bytes fit twice.</summary>
    public const int FileBytes = 1024 * 1024;

    /// <summary>Levels of nesting. The deepest setting stands at 5; the stack is safe far beyond 32.</summary>
    public const int Depth = 32;

    /// <summary>
    /// Values after aliases are written out, so that a few lines of nested aliases cannot stand for millions.
    /// </summary>
    public const int Nodes = 50_000;

    /// <summary>Characters of one key; longer ones are a paste into the wrong place.</summary>
    public const int KeyLength = 256;

    /// <summary>Characters of one value after variables are put in.</summary>
    public const int ValueLength = 64 * 1024;

    /// <summary>Errors reported of one configuration; the rest is counted.</summary>
    public const int Errors = 100;

    /// <summary>Keys of a provider and candidates of a route: a request remembers what it tried in 64 bits.</summary>
    public const int ProviderKeys = 64;

    public const int RouteCandidates = 64;

    /// <summary>Characters of a value that an error repeats.</summary>
    public const int FoundLength = 60;
}
