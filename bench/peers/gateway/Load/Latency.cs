using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Quoin.Peers.Gateway;

/// <summary>
/// One request after another over one connection, each timed from before its first byte is sent until its last is
/// read. A tenth more requests than asked for come first and are not counted.
/// </summary>
internal static class Latency
{
    public static async Task<int> RunAsync(Uri url, byte[] request, int count, TimeSpan limit)
    {
        using var time = new CancellationTokenSource(limit, TimeProvider.System);
        using var connection = new Connection(url);
        var samples = new Samples(count);
        var errors = 0;
        var sent = 0;
        try
        {
            for (var number = -count / 10; number < count; number++)
            {
                var from = Stopwatch.GetTimestamp();
                var status = await connection.ExchangeAsync(request, static (_, _) => { }, time.Token);
                var ticks = Stopwatch.GetTimestamp() - from;
                sent++;
                if (status != 200)
                {
                    errors++;
                }
                else if (number >= 0)
                {
                    samples.Add(ticks);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is up: what was measured until now counts.
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            Console.Error.WriteLine($"{url}: {exception.Message}");
            errors++;
        }

        Console.WriteLine(new JsonObject
        {
            ["requests"] = sent,
            ["errors"] = errors,
            ["p50_us"] = samples.Microseconds(50),
            ["p99_us"] = samples.Microseconds(99),
        }.ToJsonString());
        return 0;
    }
}
