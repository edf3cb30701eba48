using Quoin.Server.Gateway.Admission;

namespace Quoin.Tests.Gateway.Admission;

/// <summary>
/// The scheduler in virtual time before an upstream of ten places whose calls take a second on average, exponentially
/// distributed: ten answers a second are the most. Requests come at random (Poisson) and are of use only within their
/// deadline; one that starts is ended at its deadline, as the gateway does. Seeded: every run is the same.
/// </summary>
public sealed class OverloadTests
{
    private const long Second = 1000;
    private const int Places = 10;
    private const double Peak = Places;
    private const int Seconds = 2000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Under_overload_the_goodput_stays_and_who_is_admitted_is_answered_in_time(double load)
    {
        var run = Simulate(load * Peak, deadline: 20 * Second, _ => ("one", Priority.Normal));
        var offered = Math.Min(load, 1) * Peak;
        Assert.True(run.Goodput >= 0.95 * offered, $"{run.Goodput:0.00} answers a second of {offered}");
        Assert.True(run.LateShare < 0.01, $"{run.LateShare:P2} of those that started were of no use");
    }

    [Fact]
    public void A_caller_that_floods_does_not_lengthen_the_wait_of_polite_ones()
    {
        // Ten callers of half an answer a second each, half of what there is, and one that sends ten times all of it.
        static (string, Priority) Caller(Random random) => random.NextDouble() < 5.0 / 105
            ? ($"polite-{random.Next(10)}", Priority.Normal)
            : ("flood", Priority.Normal);
        var flooded = Simulate(105, deadline: 20 * Second, Caller);
        var alone = Simulate(5, deadline: 20 * Second, random => ($"polite-{random.Next(10)}", Priority.Normal));
        var polite = flooded.Waits.Where(wait => wait.Flow != "flood").Select(wait => wait.Ticks).Order().ToArray();
        Assert.True(alone.Refused == 0 && flooded.RefusedPolite == 0, $"{flooded.RefusedPolite} polite ones refused");

        // One slot in eleven turns is the flood's: a polite one waits for a free slot and for its turn.
        Assert.InRange(polite[(int)(polite.Length * 0.99)], 0, 2 * Second);
    }

    [Fact]
    public void Higher_priorities_wait_less_and_the_lowest_is_not_starved()
    {
        var run = Simulate(
            2 * Peak, deadline: 20 * Second, random => ("one", (Priority)random.Next(3)));
        var started = run.Waits.GroupBy(wait => wait.Priority).ToDictionary(
            group => group.Key, group => (Count: group.Count(), Mean: group.Average(wait => wait.Ticks)));
        var told = string.Join(", ", started.Select(s => $"{s.Key}: {s.Value.Count} after {s.Value.Mean:0} ms"));
        Assert.True(started[Priority.High].Mean < started[Priority.Normal].Mean / 5, told);
        Assert.True(started[Priority.High].Count > started[Priority.Normal].Count, told);
        Assert.True(started[Priority.Normal].Count > 2 * started[Priority.Low].Count, told);
        Assert.InRange(started[Priority.Low].Count, Seconds * Peak / 21 / 2, Seconds * Peak);
    }

    private static Run Simulate(
        double perSecond, long deadline, Func<Random, (string Flow, Priority Priority)> caller)
    {
        var random = new Random(11);
        var scheduler = new AdmissionScheduler(Places, 1000);
        var ends = new PriorityQueue<(long Held, bool InTime), long>();
        var run = new Run();
        var arrival = 0.0;
        while (arrival < Seconds * Second)
        {
            arrival += Exponential(Second / perSecond);
            var now = (long)arrival;
            while (ends.TryPeek(out var call, out var end) && end <= now)
            {
                ends.Dequeue();
                scheduler.Complete(call.Held);
                run.Done(call.InTime);
                Serve(end);
            }

            var (flow, priority) = caller(random);
            if (scheduler.TryEnter())
            {
                Start(new Waiter(flow, priority, now, now + deadline), now, now + deadline);
                continue;
            }

            Expire(now);
            var waiter = new Waiter(flow, priority, now, scheduler.LatestStart(now, now + deadline));
            if (scheduler.Enqueue(waiter, now, out var pushedOut) is not null)
            {
                run.Refuse(flow);
            }
            else if (pushedOut is not null)
            {
                run.Refuse(pushedOut.Flow);
            }
        }

        return run;

        void Serve(long now)
        {
            Expire(now);
            while (scheduler.TryStart(now) is { } waiter)
            {
                Start(waiter, now, waiter.Enqueued + deadline);
            }
        }

        void Start(Waiter waiter, long now, long due)
        {
            run.Waits.Add((waiter.Flow, waiter.Priority, now - waiter.Enqueued));
            var takes = Math.Max((long)Exponential(Second), 1);
            var held = Math.Min(takes, due - now);
            ends.Enqueue((held, held == takes), now + held);
        }

        void Expire(long now)
        {
            while (scheduler.Expire(now) is { } waiter)
            {
                run.Refuse(waiter.Flow);
            }
        }

        double Exponential(double mean) => -Math.Log(1 - random.NextDouble()) * mean;
    }

    private sealed class Run
    {
        private int _inTime;
        private int _late;

        public List<(string Flow, Priority Priority, long Ticks)> Waits { get; } = [];

        public int Refused { get; private set; }

        public int RefusedPolite { get; private set; }

        public double Goodput => (double)_inTime / Seconds;

        public double LateShare => (double)_late / (_inTime + _late);

        public void Done(bool inTime)
        {
            _inTime += inTime ? 1 : 0;
            _late += inTime ? 0 : 1;
        }

        public void Refuse(string flow)
        {
            Refused++;
            RefusedPolite += flow == "flood" ? 0 : 1;
        }
    }
}
