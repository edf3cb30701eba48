using Quoin.Server.Gateway.Accounting;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;

#pragma warning disable CA1416 // Modes of files are asked for on Linux.

namespace Quoin.Tests.Gateway.Accounting;

public sealed class UsageStoreTests
{
    private static readonly UsageQuery All =
        new(UsageReader.Dimensions, new Dictionary<string, string>(), null, null, 100, null);

    [Fact]
    public void What_was_spent_and_the_sums_by_day_outlive_the_store()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "deep", "quoin.db");
        using (var store = new UsageStore(path))
        {
            store.Write([.. Enumerable.Range(0, 10).Select(i => UsageWriterTests.Record(i))]);
            store.Write([UsageWriterTests.Record(10, "bob", cost: 7)]);
        }

        using var again = new UsageStore(path);
        var spent = again.ReadSpent(ManualClock.Origin);
        Assert.Equal(6, spent.Count);
        Assert.All(spent.Where(s => s.Key == "ann"), s => Assert.Equal(new Amounts(50, 50), s.Spent.Amounts));
        Assert.All(spent.Where(s => s.Key == "bob"), s => Assert.Equal(new Amounts(7, 5), s.Spent.Amounts));
        var rows = new UsageReader(again).Read(All);
        Assert.Equal(2, rows.Count);
        Assert.Equal(["2026-01-02", "ann", "up", "m"], rows[0].Dimensions);
        Assert.Equal((10, 50, 50L), (rows[0].Requests, rows[0].Use.Total, rows[0].Cost));
    }

    [Fact]
    public void The_database_and_its_log_are_their_owners_alone()
    {
        using var folder = new TemporaryFolder();
        using var store = new UsageStore(Path.Combine(folder.Path, "quoin.db"));
        store.Write([UsageWriterTests.Record(1)]);
        Assert.All(Directory.GetFiles(folder.Path), file => Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void Pages_by_cursor_give_every_row_once_with_the_latest_day_first()
    {
        using var folder = new TemporaryFolder();
        using var store = new UsageStore(Path.Combine(folder.Path, "quoin.db"));
        store.Write(
        [
            .. Enumerable.Range(0, 23).Select(i => UsageWriterTests.Record(i, "k" + (i % 3)) with
            {
                At = ManualClock.Origin.AddDays(i / 3),
            }),
        ]);
        var reader = new UsageReader(store);
        var seen = new List<string>();
        IReadOnlyList<string>? after = null;
        while (reader.Read(All with { Limit = 4, After = after }) is { Count: > 0 } page)
        {
            seen.AddRange(page.Select(row => string.Join('|', row.Dimensions)));
            after = page[^1].Dimensions;
        }

        Assert.Equal(23, seen.Distinct().Count());
        Assert.Equal(23, seen.Count);
        Assert.Equal(seen.OrderByDescending(row => row[..10], StringComparer.Ordinal).Select(row => row[..10]),
            seen.Select(row => row[..10]));
    }

    [Fact]
    public void Sums_can_be_asked_for_by_any_part_and_filtered()
    {
        using var folder = new TemporaryFolder();
        using var store = new UsageStore(Path.Combine(folder.Path, "quoin.db"));
        store.Write(
        [
            UsageWriterTests.Record(1, "ann"),
            UsageWriterTests.Record(2, "bob"),
            UsageWriterTests.Record(3, "bob") with { Provider = "other" },
        ]);
        var reader = new UsageReader(store);
        Assert.Equal([1L, 2L], reader.Read(All with { By = ["key"] }).Select(row => row.Requests));
        Assert.Equal(3, Assert.Single(reader.Read(All with { By = [] })).Requests);
        var filtered = All with { Equal = new Dictionary<string, string> { ["key"] = "bob' OR 1=1 --" } };
        Assert.Empty(reader.Read(filtered));
        Assert.Empty(reader.Read(All with { From = new DateOnly(2026, 1, 3) }));
        Assert.Equal(3, reader.Read(All with { To = new DateOnly(2026, 1, 2) }).Count);
    }

    [Fact]
    public void Old_records_go_and_what_was_spent_this_month_stays()
    {
        using var folder = new TemporaryFolder();
        using var store = new UsageStore(Path.Combine(folder.Path, "quoin.db"));
        store.Write([UsageWriterTests.Record(1)]);
        Assert.True(store.Tidy(ManualClock.Origin.AddDays(20), TimeSpan.FromDays(10)));
        Assert.Equal(0L, Scalar(store, "SELECT count(*) FROM usage_records"));
        Assert.Equal(3, store.ReadSpent(ManualClock.Origin.AddDays(20)).Count);
        Assert.Single(new UsageReader(store).Read(All));
        Assert.True(store.Tidy(ManualClock.Origin.AddDays(401), TimeSpan.FromDays(10)));
        Assert.Empty(new UsageReader(store).Read(All));
    }

    [Fact]
    public void A_write_that_fails_leaves_nothing_of_itself()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "quoin.db");
        using var store = new UsageStore(path);
        store.Write([UsageWriterTests.Record(1)]);
        Assert.ThrowsAny<Exception>(() => store.Write([UsageWriterTests.Record(2), null!]));
        store.Write([UsageWriterTests.Record(3)]);
        Assert.Equal(2L, Scalar(store, "SELECT count(*) FROM usage_records"));
        Assert.Equal(2L, Scalar(store, "SELECT sum(requests) FROM usage_days"));
    }

    [Fact]
    public void A_file_of_a_newer_build_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "quoin.db");
        using (var store = new UsageStore(path))
        {
            store.Write([UsageWriterTests.Record(1)]);
            using var connection = new Quoin.Server.Storage.Sqlite.SqliteDatabase(path, UsageSchema.Migrations).Open();
            Quoin.Server.Storage.Sqlite.SqliteDatabase.Execute(connection, "INSERT INTO migrations VALUES (99)");
        }

        using var again = new UsageStore(path);
        Assert.Contains(
            "newer", Assert.Throws<IOException>(() => again.ReadSpent(ManualClock.Origin)).Message,
            StringComparison.Ordinal);
    }

    private static object? Scalar(UsageStore store, string sql)
    {
        using var connection = store.OpenReader();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
