using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage.Redis;

public sealed class RedisConnectionTests
{
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("localhost:6379", "localhost", 6379, null, 3, true)]
    [InlineData("redis", "redis", 6379, null, 3, true)]
    [InlineData("[::1]:7000", "::1", 7000, null, 3, true)]
    [InlineData("redis://:p%40ss@host:1/5", "host", 1, "p@ss", 5, true)]
    [InlineData("redis://user:pass@host", "host", 6379, "pass", 3, true)]
    [InlineData("redis://host", "host", 6379, null, 3, true)]
    [InlineData("rediss://host", "", 0, null, 0, false)]
    [InlineData("unix:///tmp/redis.sock", "", 0, null, 0, false)]
    [InlineData("redis://host/x", "", 0, null, 0, false)]
    [InlineData("host:port", "", 0, null, 0, false)]
    [InlineData("", "", 0, null, 0, false)]
    public void An_address_is_a_host_with_a_port_or_a_URL(
        string text, string host, int port, string? password, int db, bool accepted)
    {
        var address = RedisAddress.Read(new RedisOptions { Address = text, Db = 3 });
        Assert.Equal(accepted, address.Error is null);
        Assert.Equal((host, port, password, db), (address.Host, address.Port, address.Password, address.Db));
    }

    [Fact]
    public async Task It_asks_with_the_password_in_the_database_it_was_given()
    {
        await using var server = await RedisServer.StartAsync("secret word");
        using var wrong = Open(server.Address, password: "another");
        Assert.False((await wrong.AskAsync(db => db.StringGetAsync("k"), CancellationToken.None)).Available);
        using var one = Open(server.Address, "secret word", db: 1);
        using var two = Open(server.Address, "secret word", db: 2);
        Assert.True((await one.AskAsync(db => db.StringSetAsync("k", "v"), CancellationToken.None)).Value);
        var read = await one.AskAsync(db => db.StringGetAsync("k"), CancellationToken.None);
        Assert.Equal("v", (string?)read.Value);
        Assert.False((await two.AskAsync(db => db.StringGetAsync("k"), CancellationToken.None)).Value.HasValue);
    }

    [Fact]
    public async Task Silence_costs_the_budget_a_few_times_and_then_nothing_until_the_pause_is_over()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port);
        using var redis = Open(network.Address, budget: TimeSpan.FromMilliseconds(200), clock: TimeProvider.System);
        Assert.True(await AskAsync(redis));
        network.Silent = true;
        for (var i = 0; i < RedisLimits.Failures; i++)
        {
            Assert.False(await AskAsync(redis));
        }

        // Not a question of how fast: nobody is asked, so the answer is there at once.
        var unasked = redis.AskAsync(db => db.StringGetAsync("k"), CancellationToken.None).AsTask();
        Assert.True(unasked.IsCompleted);
        Assert.False((await unasked).Available);
        network.Silent = false;
        network.ResetAll();
        while (!await AskAsync(redis))
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_and_comes_back_is_used_again()
    {
        await using var server = await RedisServer.StartAsync();
        using var redis = Open(server.Address, clock: TimeProvider.System);
        Assert.True(await AskAsync(redis));
        await server.KillAsync();
        Assert.False(await AskAsync(redis));
        await server.StartAgainAsync();
        while (!await AskAsync(redis))
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Connections_that_are_reset_do_no_harm()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port) { PieceBytes = 3 };
        using var redis = Open(network.Address, clock: TimeProvider.System);
        for (var i = 0; i < 5; i++)
        {
            while (!await AskAsync(redis))
            {
                await Task.Yield();
            }

            network.ResetAll();
        }
    }

    private RedisConnection Open(
        string address, string? password = null, int db = 0, TimeSpan? budget = null, TimeProvider? clock = null) =>
        new(new RedisOptions
        {
            Address = address,
            Password = password,
            Db = db,
            Budget = budget ?? TimeSpan.FromSeconds(5),
        },
        clock ?? _clock,
        NullLogger.Instance);

    private static async Task<bool> AskAsync(RedisConnection redis) =>
        (await redis.AskAsync(db => db.StringGetAsync("k"), CancellationToken.None)).Available;
}
