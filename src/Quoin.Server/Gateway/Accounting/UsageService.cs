using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>The parts of usage: opened before the server listens, closed after the last request.</summary>
internal sealed class UsageService : IAsyncDisposable
{
    private readonly UsageStore _store;
    private readonly ConfigurationSource _source;
    private readonly TimeProvider _time;

    private UsageService(
        UsageStore store, ConfigurationSource source, MetricRegistry registry, TimeProvider time,
        ILoggerFactory loggers, ISharedBudgets? shared)
    {
        (_store, _source, _time) = (store, source, time);
        var writer = new UsageWriter(
            store, () => source.Current.Database.UsageRetention, time, loggers.CreateLogger<UsageWriter>());
        Stage = new UsageStage(
            writer, new UsageMetrics(registry), time, loggers.CreateLogger<UsageStage>(), shared);
    }

    public UsageStage Stage { get; }

    /// <summary>Null where no database is configured.</summary>
    /// <param name="shared">Budgets of all processes of this server; null where there is one.</param>
    /// <exception cref="ServerStartException">The database cannot be used.</exception>
    public static UsageService? Open(
        ConfigurationSource source, MetricRegistry registry, TimeProvider time, ILoggerFactory loggers,
        ISharedBudgets? shared = null)
    {
        if (!DatabaseUrl.TryReadPath(source.Current.Database.Url, out var path))
        {
            return null;
        }

        var store = new UsageStore(path);
        try
        {
            var spent = store.ReadSpent(time.GetUtcNow());
            var service = new UsageService(store, source, registry, time, loggers, shared);
            foreach (var (key, period, amounts) in spent)
            {
                service.Stage.Restore(key, period, amounts);
            }

            UsageMetrics.Watch(registry, service);
            return service;
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException
            or DllNotFoundException)
        {
            store.Dispose();
            throw new ServerStartException(
                $"database.url: the database {path} cannot be used: {e.Message}. "
                + "Name a file of this server's own, in a folder that it may write to; SQLite's library must be "
                + "installed (Debian: libsqlite3-0)", e);
        }
    }

    public UsageReader Reader() => new(_store);

    /// <summary>Spent parts of the budgets of the first keys.</summary>
    public IEnumerable<(string[] Labels, double Value)> ReadBudgets()
    {
        foreach (var key in _source.Current.Auth.Keys.Where(key => key.Budgets.Count > 0).Take(UsageLimits.KeyLabels))
        {
            var state = Stage.AccountOf(key.Name).Read(_time.GetUtcNow());
            foreach (var ratio in BudgetAccount.RatiosOf(key.Name, key.Budgets, state))
            {
                yield return ratio;
            }
        }
    }

    public ValueTask DisposeAsync() => Stage.Writer.DisposeAsync();
}
