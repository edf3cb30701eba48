using System.Diagnostics;

namespace Kernels;

/// <summary>
/// Asks at a fixed rate whatever becomes of the answers, from a process of its own, and counts from when a request was
/// due: what waits behind a slow answer has waited too.
/// </summary>
internal static class LatencyClient
{
    private const int PerSecond = 300;

    public static async Task RunAsync(Uri address, TimeSpan duration)
    {
        using var client = new HttpClient();
        for (var i = 0; i < 100; i++)
            await client.GetStringAsync(address);
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

        var times = (await Task.WhenAll(pending)).ToList();
        Words.Line($"{Words.Percentile(times, 50):F2} {Words.Percentile(times, 99):F2} {times.Max():F1}");
    }

    private static async Task<double> AskAsync(HttpClient client, Uri address, long started, TimeSpan due)
    {
        await client.GetStringAsync(address);
        return (Stopwatch.GetElapsedTime(started) - due).TotalMilliseconds;
    }
}
