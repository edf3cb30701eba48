namespace Quoin.Server.Configuration;

/// <summary>The listener and its limits (<c>server:</c>).</summary>
public sealed record ServerOptions
{
    /// <summary>
    /// Address to listen on: an IP address, <c>localhost</c>, or <c>0.0.0.0</c> / <c>::</c> for all. Where
    /// <c>auth</c> asks for keys the default is <c>0.0.0.0</c>.
    /// </summary>
    [Setting(Env = ["SERVER_HOST"], Restart = true)]
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port, 0..65535; 0 takes a free one.</summary>
    [Setting(Env = ["SERVER_PORT", "PORT"], Restart = true, Min = 0, Max = 65535)]
    public int Port { get; init; } = 8080;

    /// <summary>A request whose headers or body make no progress for so long is ended with 408. 1s..10m.</summary>
    [Setting(Restart = true, Min = 1, Max = 600)]
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A client that takes no response bytes for so long is cut off; streams count per event. 1s..10m.
    /// </summary>
    [Setting(Min = 1, Max = 600)]
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Time that running requests have to finish after SIGTERM. 0..10m.</summary>
    [Setting(Restart = true, Min = 0, Max = 600)]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of all request headers together; 431 beyond. 1KB..2MB.</summary>
    [Setting(Size = true, Restart = true, Min = 1024, Max = 2097152)]
    public long MaxHeaderBytes { get; init; } = 65536;

    /// <summary>Bytes of a request body; 413 beyond. 1KB..1GB.</summary>
    [Setting(Env = ["MAX_REQUEST_SIZE"], Size = true, Min = 1024, Max = 1073741824)]
    public long MaxRequestSize { get; init; } = 10485760;

    /// <summary>An idle connection is closed after so long. 0..300s.</summary>
    [Setting(Env = ["KEEPALIVE", "KEEP_ALIVE"], Restart = true, Min = 0, Max = 300)]
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Open client connections; more are refused at accept. 1..1000000.</summary>
    [Setting(Restart = true, Min = 1, Max = 1000000)]
    public int MaxConnections { get; init; } = 10000;
}
