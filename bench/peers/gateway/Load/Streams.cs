using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Streamed answers, so many over so many connections at a time. The connections are opened first; the streams of
/// different connections begin one after another over <see cref="Ramp"/>, so that their events do not fall together.
/// First-event time runs from before the request is sent; an event's delay from the time the upstream wrote into it.
/// Some streams over one connection come before, so that neither this program nor the target is timed while its code
/// is still being compiled; of them only the events are counted, for the processor time that they cost.
/// A stream is wrong when its status is not 200, it breaks, or its end mark is missing. No stream is begun after the
/// time limit: a slow target is measured by fewer.
/// </summary>
internal sealed class Streams(Uri url, byte[] request, int count, int connections)
{
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(1);

    private const int WarmUpStreams = 40;

    /// <summary>What a stream begun in time may still take; one that takes longer is broken off and wrong.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private int _begun;
    private long _last;

    public async Task<int> RunAsync(byte[] warmUp, TimeSpan limit)
    {
        _last = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        using var time = new CancellationTokenSource(limit + Grace, TimeProvider.System);
        var before = new Run();
        await RunAsync(before, warmUp, WarmUpStreams, TimeSpan.Zero, time.Token);
        _begun = 0;
        var runs = new List<Run>();
        for (var number = 0; number < connections; number++)
        {
            runs.Add(new Run());
        }

        await Task.WhenAll(runs.Select((run, number) =>
            RunAsync(run, request, count, Ramp * number / connections, time.Token)));
        Print(before, runs);
        return 0;
    }

    private async Task RunAsync(
        Run run, byte[] bytes, int streams, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var connection = new Connection(url);
        try
        {
            await connection.ConnectAsync(cancellationToken);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, TimeProvider.System, cancellationToken);
            }

            while (Stopwatch.GetTimestamp() < _last && Interlocked.Increment(ref _begun) <= streams)
            {
                await ReadStreamAsync(run, bytes, connection, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            run.Errors++;
            run.Error = exception.Message;
        }
    }

    private static async Task ReadStreamAsync(
        Run run, byte[] bytes, Connection connection, CancellationToken cancellationToken)
    {
        var clock = new EventClock(run.Delays);
        var from = Stopwatch.GetTimestamp();
        var status = await connection.ExchangeAsync(bytes, clock.Read, cancellationToken);
        run.Streams++;
        run.Stalls += clock.Stalls;
        if (status != 200 || !clock.Ended || clock.Events == 0)
        {
            run.Errors++;
            run.Error = $"status {status}, {clock.Events} events, ended: {clock.Ended}";
            return;
        }

        run.FirstEvents.Add(clock.First - from);
    }

    private void Print(Run before, List<Run> runs)
    {
        var first = new Samples(count);
        var delays = new Samples(count * 100);
        foreach (var run in runs)
        {
            first.AddAll(run.FirstEvents);
            delays.AddAll(run.Delays);
        }

        if (runs.Find(run => run.Error is not null) is { } wrong)
        {
            Console.Error.WriteLine($"{url}: {wrong.Error}");
        }

        Console.WriteLine(new JsonObject
        {
            ["requests"] = runs.Sum(run => run.Streams),
            ["events"] = before.Delays.Count + delays.Count,
            ["errors"] = runs.Sum(run => run.Errors),
            ["stalls"] = runs.Sum(run => run.Stalls),
            ["first_p50_us"] = first.Microseconds(50),
            ["first_p99_us"] = first.Microseconds(99),
            ["delay_p50_us"] = delays.Microseconds(50),
            ["delay_p99_us"] = delays.Microseconds(99),
            ["client_cpu_s"] = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds,
        }.ToJsonString());
    }

    /// <summary>What one connection has seen; written by its own loop only.</summary>
    private sealed class Run
    {
        public Samples FirstEvents { get; } = new(16);

        public Samples Delays { get; } = new(128);

        public int Streams { get; set; }

        public int Stalls { get; set; }

        public int Errors { get; set; }

        public string? Error { get; set; }
    }
}
