namespace Quoin.Server.Configuration;

/// <summary>The listener and its limits (<c>server:</c>).</summary>
public sealed record ServerOptions
{
    /// <summary>
    /// Address to listen on: an IP address, <c>localhost</c>, or <c>0.0.0.0</c> / <c>::</c> for all. Where
    /// <c>auth</c> asks for keys or <c>server.tls</c> has a certificate the default is <c>0.0.0.0</c>.
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
    /// A client that takes no response bytes for so long is cut off, streams count per event; and one that takes less
    /// than 64 KB in this time on average while more waits to be sent. A reload concerns answers of models. 1s..10m.
    /// </summary>
    [Setting(Min = 1, Max = 600)]
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// Time for the answer to a request that calls no model and waits for no job, 503 beyond; model calls have
    /// <c>llm.timeout</c>. 10s..300s.
    /// </summary>
    [Setting(Env = ["REQUEST_TIMEOUT"], Restart = true, Min = 10, Max = 300)]
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time that running requests have to finish after SIGTERM. 0..10m.</summary>
    [Setting(Restart = true, Min = 0, Max = 600)]
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of all request headers together; 431 beyond. 1KB..2MB.</summary>
    [Setting(Size = true, Restart = true, Min = 1024, Max = 2097152)]
    public long MaxHeaderBytes { get; init; } = 65536;

    /// <summary>Bytes of a request body; 413 beyond. 1KB..1GB.</summary>
    [Setting(Env = ["MAX_REQUEST_SIZE"], Size = true, Min = 1024, Max = 1073741824)]
    public long MaxRequestSize { get; init; } = 10485760;

    /// <summary>Whether a connection serves more than one request.</summary>
    [Setting(Restart = true)]
    public bool KeepAlive { get; init; } = true;

    /// <summary>An idle connection is closed after so long; 0 is <c>keep_alive: false</c>. 0..300s.</summary>
    [Setting(Env = ["KEEPALIVE", "KEEP_ALIVE"], Restart = true, Min = 0, Max = 300)]
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Open client connections; more are refused at accept. 1..1000000.</summary>
    [Setting(Restart = true, Min = 1, Max = 1000000)]
    public int MaxConnections { get; init; } = 10000;

    /// <summary>
    /// Requests of one connection, the last of which ends it (<c>Connection: close</c>, GOAWAY); 0: no limit.
    /// </summary>
    [Setting(Restart = true, Min = 0, Max = 2147483647)]
    public int MaxKeepAliveRequests { get; init; }

    /// <summary>
    /// Bytes of a request that are read ahead before its client is held up, never fewer than
    /// <c>server.max_header_bytes</c>. 1KB..64MB.
    /// </summary>
    [Setting(Size = true, Restart = true, Min = 1024, Max = 67108864)]
    public long ReadBufferSize { get; init; } = 16384;

    /// <summary>
    /// Bytes of an answer that wait for their client before what comes after them is held up. 1KB..64MB.
    /// </summary>
    [Setting(Size = true, Restart = true, Min = 1024, Max = 67108864)]
    public long WriteBufferSize { get; init; } = 16384;

    /// <summary>TLS of the main port.</summary>
    public TlsOptions Tls { get; init; } = new();

    /// <summary>HTTP/3 beside it.</summary>
    public ServerHttp3Options Http3 { get; init; } = new();

    /// <summary>
    /// Addresses and networks (<c>10.0.0.0/8</c>) of proxies whose word on the client is believed; 256 at most.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>
    /// Headers by which they tell it: name those that they write themselves, for others come from clients.
    /// <c>auto</c>: <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c>, or <c>Forwarded</c> where there is no
    /// <c>X-Forwarded-For</c>.
    /// </summary>
    [Setting(Choices = ["auto", "x-forwarded", "forwarded"])]
    public string ForwardedHeader { get; init; } = "auto";

    /// <summary>
    /// Whether connections of trusted proxies to the main port may or must begin with the header of the PROXY protocol
    /// (1 or 2). <c>required</c>: all others are closed.
    /// </summary>
    [Setting(Restart = true, Choices = ["off", "optional", "required"])]
    public string ProxyProtocol { get; init; } = "off";

    /// <summary>Compression of answers.</summary>
    public ServerCompressionOptions Compression { get; init; } = new();

    /// <summary>A folder of files that is served.</summary>
    public ServerStaticOptions Static { get; init; } = new();

    /// <summary>Pages of other origins that may use the server.</summary>
    public ServerCorsOptions Cors { get; init; } = new();

    /// <summary>Asks browsers to use TLS only.</summary>
    public ServerHstsOptions Hsts { get; init; } = new();

    /// <summary>Headers by which browsers guard pages.</summary>
    public ServerSecurityHeaderOptions SecurityHeaders { get; init; } = new();

    /// <summary>
    /// Processes that share the port, under one that supervises them; <c>auto</c>: cores ×
    /// <c>server.workers_per_core</c>, at most <c>server.max_workers</c>. 1: the one process, without a supervisor.
    /// 1..100.
    /// </summary>
    [Setting(Env = ["WEB_CONCURRENCY"], Restart = true)]
    public string Workers { get; init; } = "1";

    /// <summary>Workers for each core where <c>server.workers</c> is <c>auto</c>. 1..4.</summary>
    [Setting(Env = ["WORKERS_PER_CORE"], Restart = true, Min = 1, Max = 4)]
    public int WorkersPerCore { get; init; } = 1;

    /// <summary>Most workers that <c>server.workers: auto</c> makes. 1..100.</summary>
    [Setting(Env = ["MAX_WORKERS"], Restart = true, Min = 1, Max = 100)]
    public int MaxWorkers { get; init; } = 10;

    /// <summary>
    /// A worker that does not answer its supervisor for so long is killed and replaced. It also bounds the time that
    /// a worker may take to start, never below 30s. 2s..1h.
    /// </summary>
    [Setting(Env = ["WORKER_TIMEOUT"], Restart = true, Min = 2, Max = 3600)]
    public TimeSpan WorkerTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// A worker is replaced without loss after so many requests of clients; 0: never. Workers only. 0..2147483647.
    /// </summary>
    [Setting(Env = ["MAX_REQUESTS"], Restart = true, Min = 0, Max = 2147483647)]
    public int MaxRequests { get; init; }

    /// <summary>
    /// For each worker a random number from 0 to this is added to <c>server.max_requests</c>, so that they are not
    /// all due at once. 0..2147483647.
    /// </summary>
    [Setting(Env = ["MAX_REQUESTS_JITTER"], Restart = true, Min = 0, Max = 2147483647)]
    public int MaxRequestsJitter { get; init; } = 1000;
}
