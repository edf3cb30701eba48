using Quoin.Server;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

/// <summary>
/// The YAML that users of the systems before Quoin have. What is built loads as written and takes effect; a section
/// that is not built yet is an unknown key and nothing else, so that nobody believes it to work.
/// </summary>
public sealed class SeedSnippetTests
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["ANTHROPIC_API_KEY"] = "key-a",
        ["OPENAI_API_KEY"] = "key-o",
        ["REDIS_PASSWORD"] = "key-r",
    };

    [Fact]
    public void Providers_and_their_preference_load_and_take_effect()
    {
        var options = ConfigurationText.Options(
            """
            providers:
              anthropic:
                type: anthropic
                model: claude-3-haiku
                api_key: ${ANTHROPIC_API_KEY}
              openai:
                type: openai
                model: gpt-4
                api_key: ${OPENAI_API_KEY}

            provider_preference:
              - anthropic
              - openai
            """, Environment);
        Assert.Equal(["anthropic", "openai"], options.ProviderPreference);
        Assert.Equal(("claude-3-haiku", "key-a"), (
            options.Providers["anthropic"].Model, options.Providers["anthropic"].ApiKey));
        Assert.Equal(("gpt-4", "key-o"), (options.Providers["openai"].Model, options.Providers["openai"].ApiKey));
    }

    [Fact]
    public void The_route_of_the_guide_loads_as_written()
    {
        var route = Assert.Single(ConfigurationText.Options(
            """
            routes:
              - path: "/metrics"
                handler: "metrics"
                version: "v1"
                methods: ["GET"]
                middleware: ["auth"]
            """).Routes);
        Assert.Equal(("/metrics", "metrics", "v1"), (route.Path, route.Handler, route.Version));
        Assert.Equal(["GET", "auth"], [.. route.Methods, .. route.Middleware]);
    }

    [Fact]
    public void The_cache_of_the_guide_loads_as_written()
    {
        var cache = ConfigurationText.Options(
            """
            llm:
              cache:
                enable: true
                type: "redis"        # Options: memory, redis, file
                ttl: 24h            # Cache entry lifetime
                max_size: 1000      # Maximum entries/size
                redis:              # Redis-specific settings
                  address: "localhost:6379"
                  password: ${REDIS_PASSWORD}
                  db: 0
            """, Environment).Llm.Cache;
        Assert.Equal(
            (true, "redis", TimeSpan.FromDays(1), "1000"), (cache.Enable, cache.Type, cache.Ttl, cache.MaxSize));
        Assert.Equal(("localhost:6379", "key-r", 0), (cache.Redis.Address, cache.Redis.Password, cache.Redis.Db));
    }

    [Fact]
    public void The_HTTP_3_of_the_guides_loads_as_written_and_takes_effect()
    {
        const string Yaml = """
            server:
              http3:
                enabled: true
                port: 443
                idle_timeout: 30s
                max_bi_streams_concurrent: 100
                max_uni_streams_concurrent: 100
                max_stream_receive_window: 6291456
                max_connection_receive_window: 15728640
                enable_0rtt: true
                max_0rtt_size: 16384
                allow_0rtt_replay: false
                udp_receive_buffer_size: 8388608
            """;
        var http3 = EdgeFeatures.Apply(ConfigurationText.Options(Yaml).Server, new()).Http3!;
        Assert.Equal((443, false), (http3.Port, http3.AllowEarlyDataReplay));
        var quic = http3.Quic;
        Assert.Equal((100, 100), (quic.MaxBidirectionalStreams, quic.MaxUnidirectionalStreams));
        Assert.Equal((6291456, 15728640), (quic.MaxStreamWindow, quic.MaxConnectionWindow));
        Assert.Equal((true, 16384, 8388608), (quic.EarlyData, quic.MaxEarlyData, quic.UdpReceiveBuffer));
        Assert.Equal(TimeSpan.FromSeconds(30), quic.IdleTimeout);
    }

    [Theory]
    [InlineData("server:\n  port: 8080\n  http3:\n    enabled: false\nllm:\n  cache:\n    type: \"memory\"\n" +
        "queue:\n  enabled: false")]
    [InlineData("server:\n  port: 443\n  http3:\n    enabled: true\n    max_bi_streams_concurrent: 200\n" +
        "    max_stream_receive_window: 8388608  # 8MB\nllm:\n  cache:\n    ttl: 24h\nqueue:\n" +
        "  enabled: true\ncircuit_breaker:\n" +
        "  max_requests: 200")]
    [InlineData("server:\n  http3:\n    max_bi_streams_concurrent: 500\n    max_stream_receive_window: 16777216\n" +
        "    max_connection_receive_window: 33554432\n    udp_receive_buffer_size: 16777216")]
    public void Environments_of_the_guide_load_as_written(string yaml) =>
        Assert.Empty(ConfigurationText.Load(yaml, Environment).Errors);

    [Theory]
    [InlineData("runtime:\n  max_agents: 5000\nmessaging:\n  queue_size: 100000\ncoordination:\n  cluster:\n" +
        "    gossip_interval: 500ms\ntransport:\n  type: quic", "runtime,messaging,coordination,transport")]
    [InlineData("storage:\n  type: sqlite\n  page_cache_size: 10MB", "storage")]
    [InlineData("agents:\n  default_limits:\n    memory: 50MB\n  overrides:\n" +
        "    - agent_id: heavy-processor", "agents")]
    [InlineData("runtime:\n  numa:\n    enabled: true", "runtime")]
    public void What_is_not_built_yet_is_an_unknown_key_and_nothing_else(string yaml, string keys)
    {
        var errors = ConfigurationText.Load(yaml, Environment).Errors;
        Assert.All(errors, error => Assert.Equal(ConfigurationErrorKind.UnknownKey, error.Kind));
        Assert.Equal(keys.Split(','), errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("SERVER_HOST", "0.0.0.0", "server.host")]
    [InlineData("SERVER_PORT", "9000", "server.port")]
    [InlineData("PORT", "9000", "server.port")]
    [InlineData("KEEPALIVE", "5", "server.keep_alive_timeout")]
    [InlineData("KEEP_ALIVE", "5", "server.keep_alive_timeout")]
    [InlineData("MAX_REQUEST_SIZE", "1048576", "server.max_request_size")]
    [InlineData("LLM_TIMEOUT", "30000", "llm.timeout")]
    [InlineData("HTTPX_POOL_MAX", "50", "llm.max_connections")]
    [InlineData("HTTPX_POOL_MAX_KEEPALIVE", "50", "llm.max_idle_connections")]
    [InlineData("CACHE_ENABLED", "true", "llm.cache.enable")]
    [InlineData("CACHE_TTL", "600", "llm.cache.ttl")]
    [InlineData("CACHE_MAX_SIZE", "1000", "llm.cache.max_size")]
    [InlineData("REDIS_URL", "redis://localhost:6379/0", "llm.cache.redis.address")]
    [InlineData("ENABLE_METRICS", "false", "metrics.enabled")]
    [InlineData("METRICS_PORT", "9191", "metrics.port")]
    [InlineData("LOG_LEVEL", "debug", "logging.level")]
    [InlineData("LOG_FORMAT", "text", "logging.format")]
    public void Their_environment_variables_take_effect(string name, string value, string key)
    {
        var options = ConfigurationText.Options("", new() { [name] = value });
        var change = Assert.Single(ConfigurationDifference.Between(new QuoinOptions(), options));
        Assert.Equal(key, change.Key);
    }
}
