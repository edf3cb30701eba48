using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Quoin.Server.Storage.Sqlite;

/// <summary>
/// A statement that is prepared once and run for many rows: parameters are bound in the order in which the text names
/// them first. ADO.NET's own parameters cost several times the row.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    /// <exception cref="SqliteException">The text is wrong.</exception>
    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("the connection is closed");
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public SqliteStatement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, ++_bound, value));
        return this;
    }

    public SqliteStatement Bind(bool value) => Bind(value ? 1 : 0);

    public SqliteStatement Bind(string value)
    {
        Check(raw.sqlite3_bind_text(_statement, ++_bound, value));
        return this;
    }

    /// <summary>Runs it with what was bound, and is ready for the next row.</summary>
    /// <exception cref="SqliteException">It failed.</exception>
    public void Run()
    {
        _bound = 0;
        var result = raw.sqlite3_step(_statement);
        raw.sqlite3_reset(_statement);
        if (result is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            Check(result);
        }
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
