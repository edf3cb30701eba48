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

        if (options.Llm.Cache is { Enable: true, Type: "file" })
        {
            yield return ("server.workers",
                "more than one worker and llm.cache.type: file do not go together: each process would know and bound "
                + "its own files only; accepted: memory (each process has its own) or redis");
        }
    }
}
