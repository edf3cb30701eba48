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
        using var insert = Prepare(connection, transaction, UsageSchema.InsertRecord);
        using var day = Prepare(connection, transaction, UsageSchema.AddToDay);
        using var spent = Prepare(connection, transaction, UsageSchema.AddToSpent);
        foreach (var record in records)
        {
            Insert(insert, record);
            AddToDay(day, record);
            AddToSpent(spent, record);
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

    private static SqliteCommand Prepare(SqliteConnection connection, SqliteTransaction transaction, string sql)
    {
        var command = connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, sql);
        return command;
    }

    private static void Insert(SqliteCommand command, UsageRecord record)
    {
        command.Parameters.Clear();
        Set(command, "$at", record.At.ToUnixTimeMilliseconds());
        Set(command, "$request_id", record.RequestId);
        Set(command, "$key", record.Key);
        Set(command, "$operation", record.Operation);
        Set(command, "$requested_model", record.RequestedModel);
        Set(command, "$route", record.Route);
        Set(command, "$provider", record.Provider);
        Set(command, "$model", record.Model);
        Set(command, "$status", record.Status);
        Set(command, "$error", record.Error);
        Set(command, "$cache", record.Cache);
        Set(command, "$stream", record.Stream ? 1 : 0);
        Set(command, "$attempts", record.Attempts);
        SetUse(command, record);
        command.ExecuteNonQuery();
    }

    private static void AddToDay(SqliteCommand command, UsageRecord record)
    {
        command.Parameters.Clear();
        Set(command, "$day", DateOnly.FromDateTime(record.At.UtcDateTime).DayNumber);
        Set(command, "$key", record.Key);
        Set(command, "$provider", record.Provider);
        Set(command, "$model", record.Model);
        Set(command, "$failed", record.Error.Length > 0 ? 1 : 0);
        Set(command, "$hit", record.FromCache ? 1 : 0);
        SetUse(command, record);
        command.ExecuteNonQuery();
    }

    private static void AddToSpent(SqliteCommand command, UsageRecord record)
    {
        for (var i = 0; i < record.Starts.Length && (record.Cost > 0 || record.Use.Total > 0); i++)
        {
            command.Parameters.Clear();
            Set(command, "$key", record.Key);
            Set(command, "$period", i);
            Set(command, "$start", record.Starts[i].DayNumber);
            Set(command, "$cost", record.Cost);
            Set(command, "$tokens", record.Use.Total);
            command.ExecuteNonQuery();
        }
    }

    private static void SetUse(SqliteCommand command, UsageRecord record)
    {
        var use = record.Use;
        Set(command, "$input", use.Input);
        Set(command, "$output", use.Output);
        Set(command, "$cached_input", use.CachedInput);
        Set(command, "$cache_write", use.CacheWrite);
        Set(command, "$reasoning", use.Reasoning);
        Set(command, "$estimated", use.Estimated ? 1 : 0);
        Set(command, "$cost", record.Cost);
    }

    private static void Set(SqliteCommand command, string name, object value) =>
        command.Parameters.AddWithValue(name, value);
}
