using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Quoin.Server.Storage.Sqlite;

/// <summary>Finds the system's SQLite under the names that it has there; the binding asks for another.</summary>
internal static class SqliteLibrary
{
    private const string AskedFor = "e_sqlite3";

    private static readonly string[] Names = ["libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib", "winsqlite3"];

    private static readonly Lock Loading = new();
    private static bool _loaded;

    /// <exception cref="DllNotFoundException">The system has none.</exception>
    public static void Load()
    {
        lock (Loading)
        {
            if (_loaded)
            {
                return;
            }

            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
            _loaded = true;
        }

        raw.SetProvider(new SQLite3Provider_e_sqlite3());
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name == AskedFor)
        {
            foreach (var candidate in Names)
            {
                if (NativeLibrary.TryLoad(candidate, out var library))
                {
                    return library;
                }
            }
        }

        return 0;
    }
}
