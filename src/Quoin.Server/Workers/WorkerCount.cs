using System.Globalization;
using Quoin.Server.Configuration;

namespace Quoin.Server.Workers;

/// <summary>How many workers a configuration asks for.</summary>
internal static class WorkerCount
{
    public static int Of(ServerOptions server, int cores) => server.Workers == "auto"
        ? Math.Clamp(cores * server.WorkersPerCore, 1, server.MaxWorkers)
        : int.Parse(server.Workers, CultureInfo.InvariantCulture);

    public static IEnumerable<(string Key, string Message)> Check(QuoinOptions options)
    {
        var workers = options.Server.Workers;
        if (workers != "auto" && (!int.TryParse(
            workers, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > WorkerLimits.Workers))
        {
            return [("server.workers", $"found '{workers}'; accepted: 1..{WorkerLimits.Workers} or auto")];
        }

        // A reload does not change how many there are.
        return WorkerHost.IsWorker || Of(options.Server, Environment.ProcessorCount) > 1 ? CheckShared(options) : [];
    }

    /// <summary>What more than one process cannot keep right is refused, not kept wrong.</summary>
    private static IEnumerable<(string Key, string Message)> CheckShared(QuoinOptions options)
    {
        if (!OperatingSystem.IsLinux())
        {
            yield return ("server.workers", "more than one worker needs Linux");
        }

        if (options.RateLimit is { Enabled: true, Store: not "redis" })
        {
            yield return ("server.workers",
                "more than one worker and limits that each process counts for itself (rate_limit.store: local) do not "
                + "go together: a caller would get as many times its limit as there are workers; accepted: "
                + "rate_limit.store: redis, rate_limit.enabled: false (limits are on where auth is), or "
                + "server.workers: 1");
        }

        if (options.Routes.Any(route => route.Middleware.Any(name => name is "ratelimit" or "rate-limit")))
        {
            yield return ("server.workers",
                "more than one worker and routes with the middleware ratelimit do not go together: each process "
                + "counts for itself; accepted: server.workers: 1, or routes without it");
        }

        if (options.Auth.Keys.Any(key => key.Budgets.Count > 0))
        {
            yield return ("server.workers",
                "more than one worker and budgets of keys (auth.keys[].budgets) do not go together yet: each process "
                + "would spend the whole budget; accepted: server.workers: 1, or no budgets");
        }

        if (options.Llm.Cache is { Enable: true, Type: "file" })
        {
            yield return ("server.workers",
                "more than one worker and llm.cache.type: file do not go together: the processes would write the "
                + "same files; accepted: memory (each process has its own) or redis");
        }
    }
}
