using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Benchmarks;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Storage.Redis;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>What holds of every store, and what is the file store's own.</summary>
public sealed class StoreTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    [InlineData("redis")]
    public async Task An_answer_is_found_as_it_was_kept_until_it_is_purged(string type)
    {
        await using var server = type == "redis" ? await RedisServer.StartAsync() : null;
        using var store = Open(type, server);
        for (var i = 0; i < 10; i++)
        {
            await store.SetAsync(Traces.KeyOf(i), NewAnswer(i), Hour, None);
        }

        Assert.Null(await store.GetAsync(Traces.KeyOf(10), None));
        var found = await store.GetAsync(Traces.KeyOf(3), None);
        Assert.Equal(NewAnswer(3) with { Body = default }, found! with { Body = default });
        Assert.Equal(NewAnswer(3).Body.ToArray(), found.Body.ToArray());
        Assert.Equal(10, store.Size.Entries);
        Assert.Equal(Removed(0), await store.PurgeAsync(new CachePurge(Traces.KeyOf(3), "route-1", null), None));
        Assert.Equal(
            Removed(1), await store.PurgeAsync(new CachePurge(Traces.KeyOf(3), "route-0", "tenant-1"), None));
        Assert.Equal(Removed(3), await store.PurgeAsync(new CachePurge(null, "route-1", null), None));
        Assert.Equal(Removed(2), await store.PurgeAsync(new CachePurge(null, "route-0", "tenant-0"), None));
        Assert.Null(await store.GetAsync(Traces.KeyOf(3), None));
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        Assert.NotNull(await store.GetAsync(Traces.KeyOf(2), None));
        Assert.Equal(Removed(4), await store.PurgeAsync(default, None));
        Assert.Null(await store.GetAsync(Traces.KeyOf(2), None));
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task The_bound_holds_in_entries_and_in_bytes(string type)
    {
        using var entries = Open(type, null, "20");
        using var bytes = Open(type, null, "64KB", "bytes");
        for (var i = 0; i < 300; i++)
        {
            await entries.SetAsync(Traces.KeyOf(i), NewAnswer(i, 1000), Hour, None);
            await bytes.SetAsync(Traces.KeyOf(i), NewAnswer(i, 1000), Hour, None);
        }

        Assert.InRange(entries.Size.Entries!.Value, 10, 20);
        Assert.InRange(bytes.Size.Bytes!.Value, 32 * 1024, 64 * 1024);
        Assert.Equal(300 - entries.Size.Entries, entries.Size.Evictions);
        if (type == "file")
        {
            Assert.Equal(entries.Size.Entries, FilesIn(_folder.Path));
        }
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task What_is_too_old_is_not_found(string type)
    {
        using var store = Open(type, null);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        _clock.Advance(Hour);
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        Assert.Equal(0, store.Size.Entries);
    }

    [Fact]
    public async Task Files_outlive_the_process_and_torn_or_old_ones_are_deleted()
    {
        using (var store = Open("file", null))
        {
            for (var i = 0; i < 5; i++)
            {
                await store.SetAsync(Traces.KeyOf(i), NewAnswer(i), i == 4 ? TimeSpan.FromSeconds(1) : Hour, None);
            }
        }

        var files = Directory.GetFiles(_folder.Path, "*.answer", SearchOption.AllDirectories);
        var torn = Assert.Single(files, file => file.Contains(Traces.KeyOf(0).ToString(), StringComparison.Ordinal));
        var whole = await File.ReadAllBytesAsync(torn, None);
        await File.WriteAllBytesAsync(torn, whole[..^1], None);
        await File.WriteAllTextAsync(torn + ".7.part", "half", None);
        _clock.Advance(TimeSpan.FromSeconds(2));
        using var again = Open("file", null);
        Assert.Equal(3, again.Size.Entries);
        Assert.Equal(3, FilesIn(_folder.Path));
        Assert.Null(await again.GetAsync(Traces.KeyOf(0), None));
        Assert.Equal("route-2", (await again.GetAsync(Traces.KeyOf(2), None))!.Route);
    }

    [Fact]
    public async Task Any_byte_that_changes_makes_an_entry_a_miss()
    {
        var bytes = EntryFormat.Write(NewAnswer(1), _clock.GetUtcNow() + Hour);
        Assert.NotNull(EntryFormat.Read(bytes));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.Null(EntryFormat.Read(bytes));
            bytes[i] ^= 1;
            Assert.Null(EntryFormat.Read(bytes.AsMemory(0, i)));
        }

        using var store = Open("file", null);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        var file = Directory.GetFiles(_folder.Path, "*.answer", SearchOption.AllDirectories).Single();
        await File.WriteAllBytesAsync(file, bytes[..40], None);
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        Assert.Equal((0L, 0), (store.Size.Entries, FilesIn(_folder.Path)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_full_disk_keeps_nothing_and_fails_nothing(bool whenWriting)
    {
        var disk = new FullDisk { FailsWrite = whenWriting, FailsRename = !whenWriting };
        using var store = FileStore.Open(
            _folder.Path, new CacheBound(10, IsBytes: false), _clock, disk, NullLogger.Instance);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        Assert.Equal((0L, 0L, 0), (store.Size.Entries, store.Size.Bytes, FilesIn(_folder.Path)));
        disk.FailsWrite = disk.FailsRename = false;
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.NotNull(await store.GetAsync(Traces.KeyOf(1), None));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_told_with_the_reason()
    {
        var file = System.IO.Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        Assert.Contains(
            "cannot be written", FileStore.WhyNot(System.IO.Path.Combine(file, "cache")), StringComparison.Ordinal);
        Assert.Null(FileStore.WhyNot(System.IO.Path.Combine(_folder.Path, "made", "anew")));
    }

    [Fact]
    public async Task While_Redis_is_away_answers_are_kept_in_memory()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port);
        using var store = Open("redis", server, network: network);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.NotNull(await store.GetAsync(Traces.KeyOf(1), None));
        await network.DisposeAsync();
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        await store.SetAsync(Traces.KeyOf(2), NewAnswer(2), Hour, None);
        Assert.NotNull(await store.GetAsync(Traces.KeyOf(2), None));
    }

    [Fact]
    public async Task Nodes_share_what_is_in_Redis()
    {
        await using var server = await RedisServer.StartAsync();
        using var one = Open("redis", server);
        using var two = Open("redis", server);
        await one.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.NotNull(await two.GetAsync(Traces.KeyOf(1), None));
        Assert.Equal(Removed(1), await two.PurgeAsync(default, None));
        Assert.Null(await one.GetAsync(Traces.KeyOf(1), None));
    }

    [Fact]
    public async Task A_Redis_that_is_too_slow_is_as_good_as_away_and_costs_the_budget_at_most()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port);
        var clock = new ManualClock();
        var budget = TimeSpan.FromMilliseconds(50);
        using var redis = new RedisConnection(
            new RedisOptions { Address = network.Address, Budget = budget }, clock, NullLogger.Instance);
        using var store = new RedisStore(redis, new MemoryStore(new CacheBound(10, IsBytes: false), clock));

        // The manual time does not pass: connecting may take what it takes.
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.NotNull(await store.GetAsync(Traces.KeyOf(1), None));
        network.Silent = true;
        for (var i = 0; i < RedisLimits.Failures; i++)
        {
            var asking = store.GetAsync(Traces.KeyOf(1), None).AsTask();
            Assert.False(asking.IsCompleted);
            clock.Advance(budget);
            Assert.Null(await asking);
        }

        // From now on nobody waits at all.
        var set = store.SetAsync(Traces.KeyOf(2), NewAnswer(2), Hour, None).AsTask();
        var get = store.GetAsync(Traces.KeyOf(2), None).AsTask();
        Assert.True(set.IsCompletedSuccessfully && get.IsCompletedSuccessfully);
        Assert.NotNull(await get);
    }

    [Fact]
    public async Task A_narrow_and_slow_network_carries_answers_whole()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port)
        {
            PieceBytes = 100,
            Latency = TimeSpan.FromMilliseconds(1),
        };
        using var store = Open("redis", server, network: network);
        for (var i = 0; i < 5; i++)
        {
            await store.SetAsync(Traces.KeyOf(i), NewAnswer(i, 2000), Hour, None);
            var found = await store.GetAsync(Traces.KeyOf(i), None);
            Assert.Equal(NewAnswer(i, 2000).Body.ToArray(), found!.Body.ToArray());
        }
    }

    [Fact]
    public async Task A_purge_of_thousands_goes_piece_by_piece_and_says_when_it_could_not_end()
    {
        await using var server = await RedisServer.StartAsync();
        await using var network = new BadNetwork(server.Port);
        using var store = Open("redis", server, network: network);
        for (var i = 0; i < 1800; i++)
        {
            await store.SetAsync(Traces.KeyOf(i), NewAnswer(i), Hour, None);
        }

        Assert.Equal(1800, store.Size.Entries);
        Assert.Equal(Removed(300), await store.PurgeAsync(new CachePurge(null, "route-2", "tenant-1"), None));
        Assert.Equal(Removed(600), await store.PurgeAsync(new CachePurge(null, "route-0", null), None));
        Assert.Equal(Removed(600), await store.PurgeAsync(new CachePurge(null, null, "tenant-0"), None));
        await network.DisposeAsync();
        Assert.Equal(new CachePurged(0, Complete: false), await store.PurgeAsync(default, None));
        using var again = Open("redis", server);
        Assert.Equal(Removed(300), await again.PurgeAsync(default, None));
    }

    [Fact]
    public async Task A_Redis_that_was_restarted_takes_answers_again()
    {
        await using var server = await RedisServer.StartAsync();
        using var store = Open("redis", server);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        await server.KillAsync();
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
        await server.StartAgainAsync();
        using var other = Open("redis", server);
        while (await other.GetAsync(Traces.KeyOf(2), None) is null)
        {
            await store.SetAsync(Traces.KeyOf(2), NewAnswer(2), Hour, None);
        }
    }

    [Fact]
    public async Task Values_in_Redis_that_are_no_entries_are_misses()
    {
        await using var server = await RedisServer.StartAsync();
        using var store = Open("redis", server);
        using var redis = new RedisConnection(
            new RedisOptions { Address = server.Address, Budget = TimeSpan.FromSeconds(2) }, TimeProvider.System,
            NullLogger.Instance);
        await redis.AskAsync(db => db.StringSetAsync("quoin:cache:" + Traces.KeyOf(1), "QNC2 and no more"), None);
        Assert.Null(await store.GetAsync(Traces.KeyOf(1), None));
    }

    [Fact]
    public async Task A_file_whose_entry_is_gone_when_it_is_written_does_not_stay()
    {
        var disk = new FullDisk();
        using var store = FileStore.Open(
            _folder.Path, new CacheBound(10, IsBytes: false), _clock, disk, NullLogger.Instance);
        disk.Writing = async () => await store.PurgeAsync(default, None);
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.Equal((0L, 0), (store.Size.Entries, FilesIn(_folder.Path)));
    }

    [Fact]
    public async Task Files_of_others_are_left_alone()
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_folder.Path, "ab")).FullName;
        foreach (var name in new[] { "film.part", "notes.answer", "x" })
        {
            await File.WriteAllTextAsync(System.IO.Path.Combine(folder, name), "mine", None);
        }

        using var store = Open("file", null);
        await store.PurgeAsync(default, None);
        Assert.Equal(3, FilesIn(_folder.Path));
    }

    [Fact]
    public async Task A_full_disk_is_told_once()
    {
        var log = new KeptLog();
        var disk = new FullDisk { FailsWrite = true };
        using var store = FileStore.Open(_folder.Path, new CacheBound(10, IsBytes: false), _clock, disk, log);
        for (var i = 0; i < 5; i++)
        {
            await store.SetAsync(Traces.KeyOf(i), NewAnswer(i), Hour, None);
        }

        disk.FailsWrite = false;
        await store.SetAsync(Traces.KeyOf(1), NewAnswer(1), Hour, None);
        Assert.Equal(2, log.Lines.Count);
    }

    private static CachePurged Removed(long count) => new(count, Complete: true);

    private AnswerStore Open(
        string type, RedisServer? server, string bound = "1000", string folder = "", BadNetwork? network = null) =>
        StoreTable.Open(
            new CacheOptions
            {
                Type = type,
                MaxSize = bound,
                Dir = folder.Length == 0 ? _folder.Path : Directory.CreateTempSubdirectory("quoin-" + folder).FullName,
                Redis = new RedisOptions
                {
                    Address = network?.Address ?? server?.Address ?? "127.0.0.1:1",
                    Budget = TimeSpan.FromSeconds(2),
                },
            },
            type == "redis" ? TimeProvider.System : _clock,
            NullLoggerFactory.Instance);

    private CachedAnswer NewAnswer(int number, int bytes = 10)
    {
        // Whole milliseconds, as they are written.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_clock.GetUtcNow().ToUnixTimeMilliseconds());
        return new CachedAnswer
        {
            Tenant = $"tenant-{number % 2}",
            Route = $"route-{number % 3}",
            ContentType = "application/json",
            Streamed = number % 2 == 0,
            UsageIncluded = number % 4 == 0,
            Usage = number % 3 == 0 ? new Usage { InputTokens = number, OutputTokens = 0 } : null,
            Provider = "up",
            Model = "m",
            Created = number < 0 ? default : now,
            Expires = now + Hour,
            Body = Enumerable.Repeat((byte)number, bytes).ToArray(),
        };
    }

    private static int FilesIn(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length;

    private sealed class FullDisk : FileLayer
    {
        public bool FailsWrite { get; set; }

        public bool FailsRename { get; set; }

        public Func<Task> Writing { get; set; } = static () => Task.CompletedTask;

        public override async ValueTask WriteAsync(string path, byte[] bytes, CancellationToken cancellationToken)
        {
            if (FailsWrite)
            {
                await base.WriteAsync(path, bytes[..(bytes.Length / 2)], cancellationToken);
                throw new IOException("No space left on device");
            }

            await base.WriteAsync(path, bytes, cancellationToken);
            await Writing();
        }

        public override void Rename(string from, string to)
        {
            if (FailsRename)
            {
                throw new IOException("No space left on device");
            }

            base.Rename(from, to);
        }
    }
}
