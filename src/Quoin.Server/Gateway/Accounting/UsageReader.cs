using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>What of usage is asked for.</summary>
/// <param name="By">Which of <see cref="UsageReader.Dimensions"/> rows are told apart by, in that order.</param>
/// <param name="Equal">Dimension → value that rows must have.</param>
/// <param name="After">The dimensions of the last row of the page before; null: the first page.</param>
internal sealed record UsageQuery(
    IReadOnlyList<string> By, IReadOnlyDictionary<string, string> Equal, DateOnly? From, DateOnly? To, int Limit,
    IReadOnlyList<string>? After);

/// <summary>A sum of requests.</summary>
/// <param name="Dimensions">Their values, a day as <c>2026-01-31</c>.</param>
internal sealed record UsageRow(
    IReadOnlyList<string> Dimensions, long Requests, long Errors, long CacheHits, long Estimated, TokenUse Use,
    long Cost);

/// <summary>Reads the sums by day, the latest first, with a connection of its own: the writer goes on.</summary>
internal sealed class UsageReader(UsageStore store)
{
    public static readonly string[] Dimensions = ["day", "key", "provider", "model"];

    public IReadOnlyList<UsageRow> Read(UsageQuery query)
    {
        using var connection = store.OpenReader();
        using var command = connection.CreateCommand();
        command.CommandText = Sql(query, command);
        using var reader = command.ExecuteReader();
        var rows = new List<UsageRow>();
        while (reader.Read())
        {
            rows.Add(Row(query, reader));
        }

        return rows;
    }

    private static string Sql(UsageQuery query, SqliteCommand command)
    {
        // Names of columns come from Dimensions only; values are parameters.
        var columns = query.By.Select(Column).ToList();
        var where = new List<string>();
        foreach (var (dimension, value) in query.Equal)
        {
            where.Add($"{dimension} = ${dimension}");
            command.Parameters.AddWithValue("$" + dimension, value);
        }

        if (query.From is { } from)
        {
            where.Add("day >= $from");
            command.Parameters.AddWithValue("$from", from.DayNumber);
        }

        if (query.To is { } to)
        {
            where.Add("day <= $to");
            command.Parameters.AddWithValue("$to", to.DayNumber);
        }

        if (query.After is { } after && columns.Count > 0)
        {
            var last = columns.Select((_, i) => $"$after{i}");
            where.Add($"({string.Join(", ", columns)}) > ({string.Join(", ", last)})");
            for (var i = 0; i < columns.Count; i++)
            {
                command.Parameters.AddWithValue($"$after{i}", query.By[i] == "day"
                    ? -ReadDay(after[i]).DayNumber
                    : after[i]);
            }
        }

        var sql = new StringBuilder("SELECT ");
        sql.AppendJoin(", ", columns.Append(
            "sum(requests), sum(errors), sum(cache_hits), sum(estimated), sum(input), sum(output), "
            + "sum(cached_input), sum(cache_write), sum(reasoning), sum(cost) FROM usage_days"));
        if (where.Count > 0)
        {
            sql.Append(" WHERE ").AppendJoin(" AND ", where);
        }

        if (columns.Count > 0)
        {
            sql.Append(" GROUP BY ").AppendJoin(", ", columns).Append(" ORDER BY ").AppendJoin(", ", columns);
        }

        return sql.Append(CultureInfo.InvariantCulture, $" LIMIT {query.Limit}").ToString();
    }

    private static string Column(string dimension) => dimension == "day" ? "-day" : dimension;

    private static UsageRow Row(UsageQuery query, SqliteDataReader reader)
    {
        var dimensions = new string[query.By.Count];
        for (var i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = query.By[i] == "day"
                ? DateOnly.FromDayNumber(-reader.GetInt32(i)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
                : reader.GetString(i);
        }

        var at = dimensions.Length;
        long Next() => reader.IsDBNull(at) ? SkipNull() : reader.GetInt64(at++);
        long SkipNull()
        {
            at++;
            return 0;
        }

        return new UsageRow(
            dimensions, Next(), Next(), Next(), Next(), new TokenUse(Next(), Next(), Next(), Next(), Next()), Next());
    }

    private static DateOnly ReadDay(string text) =>
        DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}
