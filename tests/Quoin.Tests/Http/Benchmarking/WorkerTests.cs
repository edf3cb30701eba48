using Quoin.Http.Benchmarking;
using Quoin.Http.Benchmarking.Exchanges;
using Quoin.Http.Benchmarking.Measuring;
using Quoin.Http.Benchmarking.Pacing;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.Benchmarking;

/// <summary>Workers before a simulated server, in simulated time.</summary>
public sealed class WorkerTests
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    private readonly JumpingTime _time = new();

    [Fact]
    public async Task In_an_open_loop_a_stall_is_charged_with_all_requests_that_it_kept_waiting()
    {
        var recorder = await RunAsync(new() { Rate = 100, Requests = 1000, Time = _time }, stallAt: 500);
        Assert.Equal(1000, recorder.Latency.Count);
        // The one that met it took a second and 1 ms, each 10 ms later one 9 ms less, until none waited: 112 of 1000.
        Assert.Equal(TimeSpan.TicksPerMillisecond * 1001, recorder.Latency.Max);
        Assert.InRange(Milliseconds(recorder.Latency.Percentile(99)), 905, 925);
        Assert.InRange(Milliseconds(recorder.Latency.Percentile(95)), 545, 565);
        Assert.InRange(Milliseconds(recorder.Latency.Percentile(88)), 0.99, 1.01);
    }

    [Fact]
    public async Task In_a_closed_loop_the_same_stall_is_one_slow_request()
    {
        var recorder = await RunAsync(new() { Requests = 1000, Time = _time }, stallAt: 500);
        Assert.Equal(TimeSpan.TicksPerMillisecond * 1001, recorder.Latency.Max);
        Assert.InRange(Milliseconds(recorder.Latency.Percentile(99.9)), 0.99, 1.01);
    }

    [Fact]
    public async Task What_is_waited_for_a_turn_is_no_lateness_of_the_benchmark()
    {
        var recorder = await RunAsync(new() { Rate = 100, Requests = 1000, Time = _time }, stallAt: 500);
        Assert.InRange(recorder.Lateness.Count, 880, 899);
        Assert.Equal(0, recorder.Lateness.Max);
    }

    [Fact]
    public async Task A_request_that_was_given_up_counts_with_the_time_it_was_waited_for()
    {
        var time = new ManualClock();
        var options = new BenchmarkOptions { Requests = 1, Timeout = TimeSpan.FromSeconds(2), Time = time };
        var recorder = new Recorder();
        await using var pace = Pace.For(time, CancellationToken.None);
        var server = new SilentServer();
        await using var worker = new Worker(
            new ClosedLoop(1, long.MaxValue), pace, server, recorder, options, CancellationToken.None);
        var running = worker.RunAsync(new RunClock(time));
        await server.Asked;
        time.Advance(TimeSpan.FromSeconds(1.9));
        await worker.EndIfOverAsync();
        Assert.False(running.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await worker.EndIfOverAsync();
        await running;
        Assert.Equal(1, recorder.Failures[(int)Failure.Timeout]);
        Assert.Equal((1L, TimeSpan.FromSeconds(2).Ticks), (recorder.Latency.Count, recorder.Latency.Max));
    }

    private async Task<Recorder> RunAsync(BenchmarkOptions options, int stallAt)
    {
        var recorder = new Recorder();
        Schedule schedule = options.Rate is null
            ? new ClosedLoop(options.Requests!.Value, long.MaxValue)
            : new OpenLoop(
                Arrivals.Of(options), options.Requests!.Value, long.MaxValue, TimeSpan.TicksPerDay, options.MaxWaiting);
        await using var pace = Pace.For(_time, CancellationToken.None);
        await using var worker = new Worker(
            schedule, pace, new SimulatedServer(_time, stallAt), recorder, options, CancellationToken.None);
        await worker.RunAsync(new RunClock(_time));
        return recorder;
    }

    private static double Milliseconds(long ticks) => (double)ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>Answers after 1 ms, and one request a second later.</summary>
    private sealed class SimulatedServer(JumpingTime time, int stallAt) : Exchanger
    {
        private int _count;

        public override ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken)
        {
            time.Advance(TimeSpan.FromMilliseconds(1) + (++_count == stallAt ? Stall : TimeSpan.Zero));
            exchange.Status = 200;
            return default;
        }

        public override ValueTask DisposeAsync() => default;
    }

    private sealed class SilentServer : Exchanger
    {
        private readonly TaskCompletionSource _asked = new();

        public Task Asked => _asked.Task;

        public override async ValueTask ExchangeAsync(Exchange exchange, CancellationToken cancellationToken)
        {
            exchange.HasConnection = true;
            _asked.SetResult();
            var never = new TaskCompletionSource();
            await never.Task.WaitAsync(cancellationToken);
        }

        public override ValueTask DisposeAsync() => default;
    }
}
