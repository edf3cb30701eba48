namespace Quoin.Server.Storage.Sqlite;

/// <summary>Bounds of the database that are no settings, with their reason.</summary>
internal static class SqliteLimits
{
    /// <summary>For another process that looks into the file; the writer then tries again by itself.</summary>
    public const int BusySeconds = 5;
}
