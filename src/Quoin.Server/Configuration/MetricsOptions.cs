namespace Quoin.Server.Configuration;

/// <summary>The metrics page (<c>metrics:</c>).</summary>
public sealed record MetricsOptions
{
    [Setting(Env = ["ENABLE_METRICS"])]
    public bool Enabled { get; init; } = true;

    /// <summary>Port of its own for the metrics page; 0: the main port only. 0..65535.</summary>
    [Setting(Env = ["METRICS_PORT"], Min = 0, Max = 65535)]
    public int Port { get; init; } = 9090;

    /// <summary>Path of the page, on its own port and, while the server listens on loopback only, on the main port.</summary>
    public string Path { get; init; } = "/metrics";
}

/// <summary>Logs (<c>logging:</c>).</summary>
public sealed record LoggingOptions
{
    [Setting(Env = ["LOG_LEVEL"], Choices = ["trace", "debug", "info", "warn", "error"])]
    public string Level { get; init; } = "info";

    [Setting(Env = ["LOG_FORMAT"], Choices = ["json", "text"])]
    public string Format { get; init; } = "json";

    /// <summary>One line for each request.</summary>
    public bool Requests { get; init; } = true;

    /// <summary>Prompts and answers in the request's line. They may hold personal data: off unless you need it.</summary>
    public bool Prompts { get; init; }
}
