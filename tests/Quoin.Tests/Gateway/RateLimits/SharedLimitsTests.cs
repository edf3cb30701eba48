using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Storage.Redis;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;
using StackExchange.Redis;

namespace Quoin.Tests.Gateway.RateLimits;

/// <summary>Gateways before one real Redis.</summary>
public sealed partial class SharedLimitsTests
{
    private const string Chat = """{"model":"m","max_tokens":40,"messages":[{"role":"user","content":"hi"}]}""";
    private const string Key = "ann-0123456789-secret";

    [Fact]
    public async Task Two_gateways_admit_together_exactly_what_the_limit_allows()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var one = await StartAsync(redis.Address, new() { Default = "17/day" });
        await using var two = await StartAsync(redis.Address, new() { Default = "17/day" });
        var statuses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => StatusAsync(i % 2 == 0 ? one : two)));
        Assert.Equal(17, statuses.Count(status => status == 200));
        Assert.Equal(43, statuses.Count(status => status == 429));
    }

    [Fact]
    public async Task Who_is_refused_by_one_limit_has_taken_nothing_of_the_others()
    {
        await using var redis = await RedisServer.StartAsync();
        var limits = new RateLimitOptions
        {
            Default = "3/day",
            Models = Models(new() { Requests = "1/day" }),
        };
        await using var one = await StartAsync(redis.Address, limits);
        await using var two = await StartAsync(redis.Address, limits);
        Assert.Equal(200, await StatusAsync(one));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(429, await StatusAsync(two));
        }

        var other = Chat.Replace("\"m\"", "\"other\"", StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync(two, other));
        Assert.Equal(200, await StatusAsync(one, other));
        Assert.Equal(429, await StatusAsync(two, other));
    }

    [Fact]
    public async Task Headers_and_refusals_are_those_of_local_limits()
    {
        await using var redis = await RedisServer.StartAsync();
        var limits = new RateLimitOptions
        {
            Default = "2/day",
            TokensPerMinute = 1_000_000_000,
            Cost = "100000/day",
            Models = Models(new() { Requests = "5/hour", Tokens = "1000000000/hour", Cost = "99999.5/hour" }),
        };
        await using var shared = await StartAsync(redis.Address, limits);
        await using var local = await StartAsync(redis.Address, limits, store: "local");
        for (var i = 0; i < 4; i++)
        {
            var (expected, actual) = (await TellAsync(local), await TellAsync(shared));
            Assert.Equal(expected, actual);
            Assert.Contains(i < 2 ? "200" : "429", actual, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_a_request_used_beyond_its_reservation_is_known_to_the_other_gateway()
    {
        await using var redis = await RedisServer.StartAsync();
        var limits = new RateLimitOptions { Default = "1000000/day", TokensPerMinute = 1000 };
        await using var hungry = await StartAsync(redis.Address, limits, tokens: 40_000);
        await using var frugal = await StartAsync(redis.Address, limits, tokens: 0);
        Assert.Equal(200, await StatusAsync(frugal));
        Assert.Equal(200, await StatusAsync(hungry));

        // Its own requests cost nothing in the end, so that only the other's can refuse it.
        while (await StatusAsync(frugal) != 429)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task What_was_not_used_of_a_reservation_is_given_back()
    {
        await using var redis = await RedisServer.StartAsync();
        using var reader = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        var limits = new RateLimitOptions { Default = "1000000/day", TokensPerMinute = 1_000_000_000 };
        var body = Chat.Replace("40", "9000000", StringComparison.Ordinal);
        await using var gateway = await StartAsync(redis.Address, limits, tokens: 0);
        Assert.Equal(200, await StatusAsync(gateway, body));
        var server = reader.GetServer(redis.Address);
        while (server.Keys(pattern: "*:tokens:60").Any())
        {
            await Task.Yield();
        }

        // The reservation alone would have lived for half a second: the next shows that a lease was settled at all.
        Assert.Contains(
            "quoin_rate_limit_settlements_lost_total 0", await MetricsAsync(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_gateways_spend_together_no_more_than_the_limit()
    {
        await using var redis = await RedisServer.StartAsync();
        var limits = new RateLimitOptions
        {
            Default = "1000000/day",
            Cost = "0.001/day",
            Models = Models(new() { Cost = "0.0007/day" }),
        };

        // Each may cost 82 millionths and costs 80.
        await using var one = await StartAsync(redis.Address, limits, tokens: 80);
        await using var two = await StartAsync(redis.Address, limits, tokens: 80);
        var statuses = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => StatusAsync(i % 2 == 0 ? one : two)));
        Assert.Equal(8, statuses.Count(status => status == 200));
        Assert.Equal(32, statuses.Count(status => status == 429));

        // What the model's limit refused is not taken from the callers'.
        var other = Chat.Replace("\"m\"", "\"other\"", StringComparison.Ordinal);
        statuses = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => StatusAsync(i % 2 == 0 ? one : two, other)));
        Assert.Equal(4, statuses.Count(status => status == 200));
    }

    [Fact]
    public async Task What_a_request_cost_is_known_to_the_other_gateway()
    {
        await using var redis = await RedisServer.StartAsync();
        using var reader = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        var limits = new RateLimitOptions { Default = "1000000/day", Cost = "0.001/day" };
        await using var dear = await StartAsync(redis.Address, limits, tokens: 5000);
        await using var free = await StartAsync(redis.Address, limits, tokens: 0);
        Assert.Equal(200, await StatusAsync(free));
        var server = reader.GetServer(redis.Address);
        while (server.Keys(pattern: "*:cost:86400").Any())
        {
            // An explicit zero gives all back.
            await Task.Yield();
        }

        Assert.Equal(200, await StatusAsync(dear));
        while (await StatusAsync(free) != 429)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_Redis_that_is_killed_leaves_local_limits_and_is_used_again_when_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var gateway = await StartAsync(redis.Address, new() { Default = "5/day" });
        Assert.Equal(200, await StatusAsync(gateway));
        Assert.Equal(200, await StatusAsync(gateway));
        await redis.KillAsync();
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(i < 5 ? 200 : 429, await StatusAsync(gateway));
        }

        Assert.Contains(
            "quoin_rate_limit_fallbacks_total 12", await MetricsAsync(gateway), StringComparison.Ordinal);
        await redis.StartAgainAsync();

        // The new Redis knows of nothing, while this node's own limit is used up.
        while (await StatusAsync(gateway) != 200)
        {
            await Task.Yield();
        }

        var log = await gateway.StopAsync();
        Assert.Equal(2, log.Split("limits are counted at this node alone").Length);
        Assert.Equal(2, log.Split("limits are counted by all nodes together again").Length);
    }

    [Fact]
    public async Task A_slow_Redis_fails_nobody_and_what_it_took_too_late_is_given_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var network = new BadNetwork(redis.Port);
        using var reader = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        await using var gateway = await StartAsync(
            network.Address, new() { Default = "50/day" }, budget: TimeSpan.FromMilliseconds(300));
        while (await UnitsAsync(reader) is null)
        {
            // The connection may still be made: such a request counts here.
            await StatusAsync(gateway);
        }

        var before = await UnitsAsync(reader);
        network.Latency = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, await StatusAsync(gateway));
        }

        Assert.Contains("quoin_rate_limit_fallbacks_total", await MetricsAsync(gateway), StringComparison.Ordinal);
        while (await UnitsAsync(reader) is not { } late || late <= before)
        {
            await Task.Yield();
        }

        while (await UnitsAsync(reader) > before)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_reload_shares_the_limits_and_keeps_them_apart_again()
    {
        await using var redis = await RedisServer.StartAsync();
        var limits = new RateLimitOptions { Default = "2/day" };
        await using var one = await StartAsync(redis.Address, limits, store: "local");
        await using var two = await StartAsync(redis.Address, limits);
        Assert.Equal((200, 200), (await StatusAsync(two), await StatusAsync(two)));
        Assert.Equal(200, await StatusAsync(one));
        Store(one, "redis");
        while (await StatusAsync(one) != 429)
        {
            // The connection is being made: its one local request may be taken meanwhile.
            await Task.Yield();
        }

        using var flushed = await ConnectionMultiplexer.ConnectAsync(redis.Address + ",allowAdmin=true");
        await flushed.GetServer(redis.Address).FlushDatabaseAsync();
        Assert.Equal((200, 200), (await StatusAsync(one), await StatusAsync(one)));
        Assert.Equal(429, await StatusAsync(two));
        Store(two, "local");
        Assert.Equal((200, 200, 429), (await StatusAsync(two), await StatusAsync(two), await StatusAsync(two)));
    }

    [Fact]
    public async Task Redis_is_told_neither_names_nor_addresses()
    {
        await using var redis = await RedisServer.StartAsync();
        using var reader = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        var limits = new RateLimitOptions
        {
            Default = "5/day",
            Models = Models(new() { Requests = "9/day", Cost = "1/day" }),
        };
        await using var keyed = await StartAsync(redis.Address, limits, keys: true);
        await using var open = await StartAsync(redis.Address, limits);
        Assert.Equal((200, 200), (await StatusAsync(keyed), await StatusAsync(open)));
        var names = reader.GetServer(redis.Address).Keys(pattern: "*").Select(key => (string)key!).ToList();
        Assert.Equal(4, names.Count);
        Assert.All(names, name => Assert.Matches("^{quoin:limit}:[0-9a-f]{32}:(requests|cost):86400$", name));
    }

    [Fact]
    public async Task A_settlement_waits_for_a_Redis_that_is_away()
    {
        await using var redis = await RedisServer.StartAsync();
        var registry = new MetricRegistry(TimeProvider.System);
        await using var limits = new SharedLimits(
            new RateLimitMetrics(registry), TimeProvider.System, NullLoggerFactory.Instance);
        limits.Configure(new QuoinOptions
        {
            RateLimit = new() { Enabled = true, Store = "redis" },
            Llm = new() { Cache = new() { Redis = new() { Address = redis.Address } } },
        });
        limits.Start();
        var tokens = new Limit(LimitUnit.Tokens, OfModel: false);
        var id = new BucketId(BucketScope.Key, "ann", 0, LimitUnit.Tokens, 60);
        BucketClaim[] claims = [new(tokens, id, new(1000, 86400), 1)];
        ISharedTake? take;
        while ((take = await limits.TakeAsync(claims, CancellationToken.None)) is null)
        {
            await Task.Yield();
        }

        await redis.KillAsync();
        while (await limits.TakeAsync(claims, CancellationToken.None) is not null)
        {
            await Task.Yield();
        }

        for (var i = 0; i < RedisLimits.Failures; i++)
        {
            await limits.TakeAsync(claims, CancellationToken.None);
        }

        ((SharedTake)take).GiveBack();
        limits.Charge([claims[0] with { Units = 103 }]);
        await redis.StartAgainAsync();
        using var reader = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        while (await UnitsAsync(reader) is not > 99)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public void A_wrong_address_of_Redis_is_refused()
    {
        var options = new QuoinOptions
        {
            RateLimit = new() { Enabled = true, Store = "redis" },
            Llm = new() { Cache = new() { Redis = new() { Address = "rediss://host" } } },
        };
        Assert.Contains(ServerHost.Check(options), fault => fault.Key == "llm.cache.redis.address");
    }

    private static Dictionary<string, ModelLimitOptions> Models(ModelLimitOptions limits) =>
        new(StringComparer.Ordinal) { ["m*"] = limits };

    private static async Task<TestGateway> StartAsync(
        string redis, RateLimitOptions limits, string store = "redis", int tokens = 11, bool keys = false,
        TimeSpan? budget = null)
    {
        var upstream = new ScriptedUpstream(ScriptedUpstream.Json(
            $$$"""
            {"id":"x","object":"chat.completion","created":1,"model":"m",
             "choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
             "usage":{"prompt_tokens":{{{tokens}}},"completion_tokens":0,"total_tokens":{{{tokens}}}}}
            """));
        return await TestGateway.BeforeAsync(
            upstream,
            change: options => options with
            {
                RateLimit = limits with { Enabled = true, Store = store },
                Providers = options.Providers.ToDictionary(
                    provider => provider.Key, provider => provider.Value with { Prices = CostRig.PricesOf("*", 1, 2) },
                    StringComparer.Ordinal),
                Llm = options.Llm with
                {
                    Cache = new()
                    {
                        Redis = new() { Address = redis, Budget = budget ?? TimeSpan.FromSeconds(10) },
                    },
                },
                Auth = new() { Enabled = keys, Keys = [new() { Name = "ann", Key = Key }] },
            });
    }

    private static void Store(TestGateway gateway, string store)
    {
        var options = gateway.Source.Current;
        gateway.Source.Replace(options with { RateLimit = options.RateLimit with { Store = store } });
    }

    private static async Task<HttpResponseMessage> AskAsync(TestGateway gateway, string body = Chat)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-api-key", Key);
        return await gateway.Client.SendAsync(request);
    }

    private static async Task<int> StatusAsync(TestGateway gateway, string body = Chat)
    {
        using var response = await AskAsync(gateway, body);
        return (int)response.StatusCode;
    }

    /// <summary>What is taken of the one bucket there is, in whole units rounded up; null: there is none.</summary>
    private static async Task<long?> UnitsAsync(ConnectionMultiplexer reader)
    {
        var server = reader.GetServer(reader.GetEndPoints()[0]);
        RedisKey key;
        try
        {
            key = server.Keys(pattern: "*").FirstOrDefault();
        }
        catch (RedisTimeoutException)
        {
            // The machine is busy: ask once more.
            key = server.Keys(pattern: "*").FirstOrDefault();
        }

        if ((string?)key is null || (string?)await reader.GetDatabase().StringGetAsync(key) is not { } text)
        {
            return null;
        }

        var numbers = text.Split(' ').Select(long.Parse).ToArray();
        return numbers[0] + (numbers[1] > 0 ? 1 : 0);
    }

    /// <summary>All but the times, which pass.</summary>
    private static async Task<string> TellAsync(TestGateway gateway)
    {
        using var response = await AskAsync(gateway);
        var limit = Times().Replace(string.Join(", ", response.Headers.GetValues("RateLimit")), "");
        var policy = string.Join(", ", response.Headers.GetValues("RateLimit-Policy"));
        var refused = response.StatusCode == HttpStatusCode.TooManyRequests;
        var body = refused ? Times().Replace(await response.Content.ReadAsStringAsync(), "") : "";
        return $"{(int)response.StatusCode} {limit} {policy} {body} {response.Headers.Contains("Retry-After")}";
    }

    private static Task<string> MetricsAsync(TestGateway gateway) =>
        gateway.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    [GeneratedRegex("t=[0-9]+|[0-9]+ s more|\"request_id\":\"[^\"]*\"", RegexOptions.NonBacktracking)]
    private static partial Regex Times();
}
