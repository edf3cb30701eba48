using Microsoft.Data.Sqlite;
using Quoin.Server.Storage.Sqlite;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>Where the writer puts records: the database, or in tests one that fails.</summary>
internal interface IUsageStore : IDisposable
{
    /// <summary>All of them, or none and an exception.</summary>
    void Write(IReadOnlyList<UsageRecord> records);

    /// <summary>Removes some of what has outlived its time. False: there may be more.</summary>
    bool Tidy(DateTimeOffset now, TimeSpan retention);
}

/// <summary>
/// The records, their sums by day, and what each key has spent, in one database. All three are written in one
/// transaction, so that they agree at every moment. Used by one caller at a time; reading has its own connections.
/// After a failure the connection is opened anew.
/// </summary>
internal sealed class UsageStore(string path) : IUsageStore
{
    private readonly SqliteDatabase _database = new(path, UsageSchema.Migrations);
    private SqliteConnection? _connection;
    private Statements? _statements;

    /// <summary>What every key has spent since <paramref name="now"/>'s month and week began.</summary>
    public IReadOnlyList<(string Key, BudgetPeriod Period, Spent Spent)> ReadSpent(DateTimeOffset now)
    {
        var found = new List<(string, BudgetPeriod, Spent)>();
        using var command = Connection().CreateCommand();
        command.CommandText = "SELECT key, period, start, cost, tokens FROM spent WHERE start >= $since ORDER BY start";
        command.Parameters.AddWithValue(
            "$since", DateOnly.FromDateTime(now.UtcDateTime).AddDays(-UsageLimits.SpentDays).DayNumber);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            found.Add((reader.GetString(0), (BudgetPeriod)reader.GetInt32(1), new Spent(
                DateOnly.FromDayNumber(reader.GetInt32(2)), new Amounts(reader.GetInt64(3), reader.GetInt64(4)))));
        }

        return found;
    }

    public void Write(IReadOnlyList<UsageRecord> records) => Guarded(connection =>
    {
        using var transaction = connection.BeginTransaction();
        _statements ??= new Statements(connection);
        var sums = new UsageSums();
        foreach (var record in records)
        {
            Insert(_statements.Record, record);
            sums.Add(record);
        }

        foreach (var (row, sum) in sums.Days)
        {
            var statement = _statements.Day.Bind(row.Day.DayNumber).Bind(row.Key).Bind(row.Provider).Bind(row.Model)
                .Bind(sum.Requests).Bind(sum.Errors).Bind(sum.CacheHits).Bind(sum.Estimated);
            Bind(statement, sum.Use).Bind(sum.Cost).Run();
        }

        foreach (var (row, amounts) in sums.Spent)
        {
            _statements.Spent.Bind(row.Key).Bind(row.Period).Bind(row.Start.DayNumber)
                .Bind(amounts.Cost).Bind(amounts.Tokens).Run();
        }

        transaction.Commit();
        return true;
    });

    public bool Tidy(DateTimeOffset now, TimeSpan retention) => Guarded(connection =>
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime).DayNumber;
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            DELETE FROM usage_days WHERE day < $days;
            DELETE FROM spent WHERE start < $spent;
            DELETE FROM usage_records WHERE id IN (SELECT id FROM usage_records WHERE at < $at ORDER BY at LIMIT $most);
            SELECT changes();
            """;
        command.Parameters.AddWithValue("$days", today - UsageLimits.SummedDays);
        command.Parameters.AddWithValue("$spent", today - UsageLimits.SpentDays);
        command.Parameters.AddWithValue("$at", (now - retention).ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$most", UsageLimits.Removed);
        return (long)command.ExecuteScalar()! < UsageLimits.Removed;
    });

    public SqliteConnection OpenReader() => _database.OpenReader();

    public void Dispose()
    {
        _statements?.Dispose();
        _statements = null;
        _connection?.Dispose();
        _connection = null;
    }

    private T Guarded<T>(Func<SqliteConnection, T> use)
    {
        try
        {
            return use(Connection());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private SqliteConnection Connection() => _connection ??= _database.Open();

    private static void Insert(SqliteStatement statement, UsageRecord record)
    {
        statement.Bind(record.At.ToUnixTimeMilliseconds()).Bind(record.RequestId).Bind(record.Key)
            .Bind(record.Operation).Bind(record.RequestedModel).Bind(record.Route).Bind(record.Provider)
            .Bind(record.Model).Bind(record.Status).Bind(record.Error).Bind(record.Cache).Bind(record.Stream)
            .Bind(record.Attempts);
        Bind(statement, record.Use).Bind(record.Use.Estimated).Bind(record.Cost).Run();
    }

    private static SqliteStatement Bind(SqliteStatement statement, in TokenUse use) =>
        statement.Bind(use.Input).Bind(use.Output).Bind(use.CachedInput).Bind(use.CacheWrite).Bind(use.Reasoning);

    /// <summary>Of one connection.</summary>
    private sealed class Statements(SqliteConnection connection) : IDisposable
    {
        public SqliteStatement Record { get; } = new(connection, UsageSchema.InsertRecord);

        public SqliteStatement Day { get; } = new(connection, UsageSchema.AddToDay);

        public SqliteStatement Spent { get; } = new(connection, UsageSchema.AddToSpent);

        public void Dispose()
        {
            Record.Dispose();
            Day.Dispose();
            Spent.Dispose();
        }
    }
}
