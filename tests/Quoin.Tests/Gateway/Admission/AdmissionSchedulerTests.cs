using Quoin.Server.Gateway.Admission;

namespace Quoin.Tests.Gateway.Admission;

public sealed class AdmissionSchedulerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_events_never_break_what_it_promises(int seed)
    {
        for (var round = 0; round < 200; round++)
        {
            new ModelCheck(new Random((seed * 1000) + round)).Run(400);
        }
    }

    [Fact]
    public void A_flooding_flow_does_not_delay_another()
    {
        var scheduler = new AdmissionScheduler(1, 1000);
        Assert.True(scheduler.TryEnter());
        for (var i = 0; i < 500; i++)
        {
            Assert.Null(scheduler.Enqueue(new Waiter("flood", Priority.Normal, 0, 1_000_000), 0, out _));
        }

        var polite = new Waiter("polite", Priority.Normal, 0, 1_000_000);
        Assert.Null(scheduler.Enqueue(polite, 0, out _));
        scheduler.Complete(1);
        Assert.Equal("flood", scheduler.TryStart(1)!.Flow);
        scheduler.Complete(1);
        Assert.Same(polite, scheduler.TryStart(2));
    }

    [Fact]
    public void A_full_queue_pushes_out_the_flow_that_has_most()
    {
        var scheduler = new AdmissionScheduler(1, 10);
        Assert.True(scheduler.TryEnter());
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(scheduler.Enqueue(new Waiter("flood", Priority.Normal, i, 100), 0, out _));
        }

        Assert.Equal(
            Refusal.Full, scheduler.Enqueue(new Waiter("flood", Priority.Normal, 10, 100), 0, out _));
        Assert.Null(scheduler.Enqueue(new Waiter("polite", Priority.Normal, 11, 100), 0, out var pushedOut));
        Assert.Equal(("flood", 9L), (pushedOut!.Flow, pushedOut.Enqueued));
        Assert.Equal(10, scheduler.Waiting);
    }

    [Fact]
    public void Slots_go_to_priorities_by_weight_and_none_starves()
    {
        var scheduler = new AdmissionScheduler(1, 1000);
        Assert.True(scheduler.TryEnter());
        foreach (var priority in Enum.GetValues<Priority>())
        {
            for (var i = 0; i < 300; i++)
            {
                Assert.Null(scheduler.Enqueue(new Waiter("f", priority, 0, 1000), 0, out _));
            }
        }

        var started = new int[3];
        for (var i = 0; i < 210; i++)
        {
            scheduler.Complete(0);
            started[(int)scheduler.TryStart(1)!.Priority]++;
        }

        Assert.Equal([160, 40, 10], started);
    }

    [Fact]
    public void What_cannot_start_in_time_is_refused_at_once()
    {
        var scheduler = new AdmissionScheduler(2, 1000);
        Assert.True(scheduler.TryEnter() && scheduler.TryEnter());
        scheduler.Complete(100);
        Assert.True(scheduler.TryEnter());

        // Two slots of 100 ticks each: one starts every 50.
        Assert.Null(scheduler.Enqueue(new Waiter("a", Priority.Normal, 0, 60), 0, out _));
        Assert.Equal(Refusal.Late, scheduler.Enqueue(new Waiter("a", Priority.Normal, 0, 60), 0, out _));
        Assert.Null(scheduler.Enqueue(new Waiter("a", Priority.Normal, 0, 110), 0, out _));
    }

    /// <summary>Random events; beside the scheduler a plain list of who waits.</summary>
    private sealed class ModelCheck(Random random)
    {
        private readonly List<Waiter> _waiting = [];
        private readonly AdmissionScheduler _scheduler = new(random.Next(1, 5), random.Next(1, 20));
        private long _now = 1;
        private int _running;

        public void Run(int events)
        {
            for (var i = 0; i < events; i++)
            {
                Step();
                Serve();
                Assert.Equal(_waiting.Count, _scheduler.Waiting);
                Assert.Equal(_running, _scheduler.Running);
                Assert.True(_waiting.Count == 0 || _running >= _scheduler.Limit, "a slot is free while one waits");
                Assert.Equal(
                    _waiting.Count == 0 ? long.MaxValue : _waiting.Min(waiter => waiter.StartBy),
                    _scheduler.NextDeadline);
            }
        }

        private void Step()
        {
            _now += random.Next(0, 3);
            switch (random.Next(0, 10))
            {
                case < 6:
                    Arrive();
                    break;
                case < 8 when _running > 0:
                    _scheduler.Complete(random.Next(0, 20));
                    _running--;
                    break;
                case 8 when _waiting.Count > 0:
                    var gone = _waiting[random.Next(_waiting.Count)];
                    Assert.True(_scheduler.Remove(gone));
                    Assert.False(_scheduler.Remove(gone));
                    _waiting.Remove(gone);
                    break;
                default:
                    (_scheduler.Limit, _scheduler.Capacity) = (random.Next(1, 5), random.Next(1, 20));
                    break;
            }
        }

        private void Arrive()
        {
            if (_scheduler.TryEnter())
            {
                Assert.Empty(_waiting);
                _running++;
                return;
            }

            var waiter = new Waiter(
                "f" + random.Next(4), (Priority)random.Next(3), _now, _now + random.Next(1, 60));
            var before = _waiting.Count;
            if (_scheduler.Enqueue(waiter, _now, out var pushedOut) is null)
            {
                Assert.Equal(before >= _scheduler.Capacity, pushedOut is not null);
                Assert.True(pushedOut is null || _waiting.Remove(pushedOut));
                _waiting.Add(waiter);
            }
        }

        private void Serve()
        {
            while (_scheduler.Expire(_now) is { } expired)
            {
                Assert.True(expired.StartBy <= _now);
                Assert.True(_waiting.Remove(expired));
            }

            while (_scheduler.TryStart(_now) is { } started)
            {
                _running++;
                Assert.True(_running <= _scheduler.Limit);
                Assert.True(started.StartBy > _now);
                var first = _waiting.First(w => w.Flow == started.Flow && w.Priority == started.Priority);
                Assert.Same(first, started);
                _waiting.Remove(started);
            }
        }
    }
}
