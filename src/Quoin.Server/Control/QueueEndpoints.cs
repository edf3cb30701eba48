using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway.Admission;

namespace Quoin.Server.Control;

/// <summary><c>GET /api/v1/queue</c>: who waits, who runs, how long waiting takes. Times in seconds.</summary>
internal static class QueueEndpoints
{
    public static void MapQueue(this RouteGroupBuilder control, AdmissionQueue queue, TimeProvider time) =>
        control.MapGet("/queue", http => http.Response.WriteAsJsonAsync(
            Describe(queue.Read(), time.TimestampFrequency), http.RequestAborted));

    private static Dictionary<string, object> Describe(QueueReading reading, double ticksPerSecond)
    {
        var waits = reading.Waits;
        Array.Sort(waits);
        double Percentile(double part) => waits.Length == 0
            ? 0
            : waits[(int)Math.Ceiling(part * waits.Length) - 1] / ticksPerSecond;
        return new(StringComparer.Ordinal)
        {
            ["enabled"] = reading.Enabled,
            ["length"] = reading.Length,
            ["capacity"] = reading.Capacity,
            ["by_priority"] = Named(Priorities.Names, [.. reading.ByPriority.Select(count => (long)count)]),
            ["in_use"] = reading.InUse,
            ["limit"] = reading.Limit,
            ["adaptive"] = reading.Adaptive,
            ["wait"] = new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["p50"] = Percentile(0.5),
                ["p95"] = Percentile(0.95),
                ["p99"] = Percentile(0.99),
            },
            ["oldest"] = reading.Oldest.TotalSeconds,
            ["admitted"] = reading.Admitted,
            ["refused"] = Named(AdmissionMetrics.Reasons, reading.Refused),
        };
    }

    private static Dictionary<string, long> Named(string[] names, long[] values) =>
        names.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
}
