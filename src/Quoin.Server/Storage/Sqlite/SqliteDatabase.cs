using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Quoin.Server.Storage.Sqlite;

/// <summary>
/// Opens a database file: a write-ahead log, so that readers do not wait for the writer and a commit costs no fsync
/// (it outlives a killed process; the last ones may be gone after a power cut, never half), and the migrations that it
/// does not have yet, each in one transaction with the note that it was made.
/// </summary>
internal sealed class SqliteDatabase(string path, IReadOnlyList<string> migrations)
{
    public string Path => path;

    /// <summary>One connection is used by one caller at a time.</summary>
    /// <exception cref="SqliteException">The file cannot be used.</exception>
    /// <exception cref="IOException">Its folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor that.</exception>
    public SqliteConnection Open()
    {
        if (System.IO.Path.GetDirectoryName(path) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        CreateOwnersAlone();
        var connection = Connect(SqliteOpenMode.ReadWriteCreate);
        try
        {
            Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;");
            Migrate(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public SqliteConnection OpenReader() => Connect(SqliteOpenMode.ReadOnly);

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Nobody else on the machine reads it; its log files get the same rights from SQLite.</summary>
    private void CreateOwnersAlone()
    {
        if (!File.Exists(path) && !OperatingSystem.IsWindows())
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
    }

    private SqliteConnection Connect(SqliteOpenMode mode)
    {
        SqliteLibrary.Load();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = SqliteLimits.BusySeconds,
        }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Migrate(SqliteConnection connection)
    {
        Execute(connection, "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT");
        var version = ReadVersion(connection, transaction: null);
        if (version > migrations.Count)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"its schema is version {version}, this build knows {migrations.Count}: it was used by a newer one"));
        }

        while (version < migrations.Count)
        {
            // Nobody else writes from here on; another process may have made it just before.
            using var transaction = connection.BeginTransaction();
            version = ReadVersion(connection, transaction);
            if (version >= migrations.Count)
            {
                return;
            }

            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = migrations[version] + "; INSERT INTO migrations VALUES ($version)";
            command.Parameters.AddWithValue("$version", version + 1);
            command.ExecuteNonQuery();
            transaction.Commit();
            version++;
        }
    }

    private static int ReadVersion(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using var read = connection.CreateCommand();
        read.Transaction = transaction;
        read.CommandText = "SELECT coalesce(max(version), 0) FROM migrations";
        return Convert.ToInt32(read.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
