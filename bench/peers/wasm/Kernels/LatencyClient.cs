using System.Diagnostics;

namespace Kernels;

/// <summary>
/// Asks at a fixed rate whatever becomes of the answers, from a process of its own, and counts from when a request was
/// due: what waits behind a slow answer has waited too.
/// </summary>
internal static class LatencyClient
{
    private const int PerSecond = 300;

    /// <summary>Until both sides have been compiled; it is not counted.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(Uri address, TimeSpan duration)
    {
        using var client = new HttpClient();
        await AskManyAsync(client, address, WarmUp);
        var times = await AskManyAsync(client, address, duration);
        Words.Line($"{Words.Percentile(times, 50):F2} {Words.Percentile(times, 99):F2} {times.Max():F1}");
    }

    private static async Task<List<double>> AskManyAsync(HttpClient client, Uri address, TimeSpan duration)
    {
        var pending = new List<Task<double>>();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < PerSecond * duration.TotalSeconds; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / PerSecond);
            var wait = due - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, TimeProvider.System);
            pending.Add(AskAsync(client, address, started, due));
        }

        return [.. await Task.WhenAll(pending)];
    }

    private static async Task<double> AskAsync(HttpClient client, Uri address, long started, TimeSpan due)
    {
        // A timer may be early by a little.
        var sent = Stopwatch.GetElapsedTime(started);
        await client.GetStringAsync(address);
        return (Stopwatch.GetElapsedTime(started) - (sent < due ? sent : due)).TotalMilliseconds;
    }
}
