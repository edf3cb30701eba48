namespace Quoin.Server.Configuration;

/// <summary>
/// TLS of the main port (<c>server.tls:</c>), with HTTP/2 beside HTTP/1.1. New files are used within a second of the
/// next handshake; a pair that does not fit leaves the old one in use.
/// </summary>
public sealed record TlsOptions
{
    /// <summary>PEM file of the certificate, its chain after it.</summary>
    [Setting(Path = true, Restart = true)]
    public string? CertFile { get; init; }

    /// <summary>PEM file of the certificate's unencrypted key.</summary>
    [Setting(Path = true, Restart = true)]
    public string? KeyFile { get; init; }

    /// <summary>The oldest version that is spoken.</summary>
    [Setting(Choices = ["1.2", "1.3"], Restart = true)]
    public string MinVersion { get; init; } = "1.2";
}
