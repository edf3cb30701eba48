using System.Diagnostics;
using System.Globalization;

namespace Quoin.Server.Telemetry;

/// <summary>
/// The process and its runtime, by the names that Prometheus clients use. Read when the page is. Not published as
/// instruments: the runtime's own meter <c>System.Runtime</c> has them.
/// </summary>
internal static class ProcessMetrics
{
    public static void AddTo(MetricRegistry registry)
    {
        AddProcess(registry);
        AddGarbageCollector(registry);
        AddThreads(registry);
    }

    private static void AddProcess(MetricRegistry registry)
    {
        using var process = Process.GetCurrentProcess();
        var started = new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
        Gauge(registry, "process_start_time_seconds", "Start of the process, in seconds of Unix time.", () => started);
        Counter(
            registry,
            "process_cpu_seconds_total",
            "CPU time of the process, user and system.",
            () => Environment.CpuUsage.TotalTime.TotalSeconds);
        Gauge(registry, "process_resident_memory_bytes", "Resident memory.", () => Environment.WorkingSet);
        if (Directory.Exists("/proc/self/fd"))
        {
            Gauge(
                registry,
                "process_open_fds",
                "Open file descriptors.",
                () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }
    }

    private static void AddGarbageCollector(MetricRegistry registry)
    {
        registry.Callback(
            new("dotnet_gc_collections_total", null, null, "Garbage collections by generation.", "generation"),
            MetricKind.Counter,
            () => Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation =>
                (new[] { generation.ToString(CultureInfo.InvariantCulture) }, (double)GC.CollectionCount(generation))));
        Counter(
            registry,
            "dotnet_gc_pause_seconds_total",
            "Time that garbage collections paused the process.",
            () => GC.GetTotalPauseDuration().TotalSeconds);
        Counter(
            registry,
            "dotnet_gc_allocated_bytes_total",
            "Bytes allocated on the managed heap since the start.",
            () => GC.GetTotalAllocatedBytes());
        Gauge(registry, "dotnet_gc_heap_bytes", "Managed heap with its garbage.", () => GC.GetTotalMemory(false));
        Gauge(
            registry,
            "dotnet_gc_committed_bytes",
            "Memory committed for the managed heap at its last collection.",
            () => GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes);
    }

    private static void AddThreads(MetricRegistry registry)
    {
        Gauge(registry, "dotnet_thread_pool_threads", "Threads of the pool.", () => ThreadPool.ThreadCount);
        Gauge(
            registry,
            "dotnet_thread_pool_queue_length",
            "Work items that wait for a thread of the pool.",
            () => ThreadPool.PendingWorkItemCount);
        Counter(
            registry,
            "dotnet_thread_pool_completed_items_total",
            "Work items done by the pool.",
            () => ThreadPool.CompletedWorkItemCount);
        Counter(
            registry,
            "dotnet_lock_contentions_total",
            "Times a thread had to wait for a monitor lock.",
            () => Monitor.LockContentionCount);
    }

    private static void Gauge(MetricRegistry registry, string name, string help, Func<double> read) =>
        registry.Callback(new(name, null, null, help), MetricKind.Gauge, read);

    private static void Counter(MetricRegistry registry, string name, string help, Func<double> read) =>
        registry.Callback(new(name, null, null, help), MetricKind.Counter, read);
}
