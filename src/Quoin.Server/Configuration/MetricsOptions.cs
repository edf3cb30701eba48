namespace Quoin.Server.Configuration;

/// <summary>The metrics page (<c>metrics:</c>).</summary>
public sealed record MetricsOptions
{
    /// <summary>Whether the page is served.</summary>
    [Setting(Env = ["ENABLE_METRICS"], Restart = true)]
    public bool Enabled { get; init; } = true;

    /// <summary>Port of its own for the metrics page; 0: the main port only. 0..65535.</summary>
    [Setting(Env = ["METRICS_PORT"], Restart = true, Min = 0, Max = 65535)]
    public int Port { get; init; } = 9090;

    /// <summary>
    /// Path of the page, on its own port and, while the server listens on loopback only, on the main port.
    /// </summary>
    [Setting(Restart = true)]
    public string Path { get; init; } = "/metrics";
}

/// <summary>Logs (<c>logging:</c>).</summary>
public sealed record LoggingOptions
{
    /// <summary>Least severity that is written.</summary>
    [Setting(Env = ["LOG_LEVEL"], Choices = ["trace", "debug", "info", "warn", "error"])]
    public string Level { get; init; } = "info";

    /// <summary>One JSON object a line for machines, or text for people.</summary>
    [Setting(Env = ["LOG_FORMAT"], Restart = true, Choices = ["json", "text"])]
    public string Format { get; init; } = "json";

    /// <summary>One line for each request.</summary>
    public bool Requests { get; init; } = true;

    /// <summary>
    /// Prompts and answers in the request's line. They may hold personal data: off unless you need it.
    /// </summary>
    public bool Prompts { get; init; }
}
