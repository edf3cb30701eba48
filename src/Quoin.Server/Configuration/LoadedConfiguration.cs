namespace Quoin.Server.Configuration;

/// <summary>A valid configuration and where each of its values comes from.</summary>
public sealed record LoadedConfiguration
{
    public required QuoinOptions Options { get; init; }

    /// <summary>The file as the user named it; null: there is none.</summary>
    public string? File { get; init; }

    /// <summary>Origin of each value and section that is given; what is not in it is a default.</summary>
    public required IReadOnlyDictionary<string, Origin> Origins { get; init; }

    /// <summary>Paths of values that came from a variable holding a secret, whatever the setting.</summary>
    public required IReadOnlySet<string> SecretPaths { get; init; }

    /// <summary>SHA-256 of the file as it was read; empty where there is none.</summary>
    internal ReadOnlyMemory<byte> FileHash { get; init; }

    public Origin OriginOf(string path) => Origins.GetValueOrDefault(path, Origin.Default);
}

/// <summary>What came of reading a configuration: the configuration, or all that is wrong with it.</summary>
public sealed record ConfigurationResult(LoadedConfiguration? Configuration, IReadOnlyList<ConfigurationError> Errors);
