using Quoin.Server.Workers;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Workers;

public sealed class SupervisorCoreTests
{
    private static readonly SupervisorPlan Plan = new(
        3, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30), MaxRequests: 0, MaxRequestsJitter: 0);

    private readonly ManualClock _clock = new();

    [Fact]
    public void Every_slot_gets_a_worker_and_is_up_when_it_answers()
    {
        var core = Start(Plan);
        Assert.Equal(
            [new(WorkerStep.Start, new(0, 1)), new(WorkerStep.Start, new(1, 1)), new(WorkerStep.Start, new(2, 1))],
            Take(core));
        core.Heard(new(1, 1), 0);
        Assert.False(core.IsUp(0));
        Assert.True(core.IsUp(1));
        Assert.Equal([new(WorkerStep.Serve, new(1, 1))], Take(core));
    }

    [Fact]
    public void A_worker_that_crashes_is_replaced_after_pauses_that_double_up_to_half_a_minute()
    {
        var core = Ready(Plan);
        var pause = TimeSpan.FromMilliseconds(100);
        for (var generation = 1; generation < 14; generation++)
        {
            core.Exited(new(1, generation), 139);
            _clock.Advance(pause - TimeSpan.FromMilliseconds(1));
            Hear(core, 0, 2);
            core.Tick();
            Assert.Empty(Take(core));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            core.Tick();
            Assert.Equal([new(WorkerStep.Start, new(1, generation + 1))], Take(core));
            Hear(core, 0, 2);
            pause = pause * 2 < TimeSpan.FromSeconds(30) ? pause * 2 : TimeSpan.FromSeconds(30);
        }

        Assert.Equal(13, core.Restarts(RestartReason.Crash));
        core.Heard(new(1, 14), 0);
        for (var second = 0; second < 62; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Hear(core, 0, 2);
            core.Heard(new(1, 14), 0);
            core.Tick();
        }

        Take(core);
        core.Exited(new(1, 14), 139);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        core.Tick();
        Assert.Equal([new(WorkerStep.Start, new(1, 15))], Take(core));
    }

    [Fact]
    public void A_worker_that_is_silent_for_its_time_is_killed_once_and_replaced()
    {
        var core = Ready(Plan);
        for (var second = 0; second < 6; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Hear(core, 0, 1);
            core.Tick();
        }

        Assert.Equal([new(WorkerStep.Kill, new(2, 1))], Take(core));
        core.Exited(new(2, 1), 137);
        Assert.Equal(1, core.Restarts(RestartReason.Hung));
        Assert.Equal(0, core.Restarts(RestartReason.Crash));
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        core.Tick();
        Assert.Equal([new(WorkerStep.Start, new(2, 2))], Take(core));
    }

    [Fact]
    public void A_worker_that_was_never_ready_ends_all_with_its_code()
    {
        var core = Start(Plan);
        Take(core);
        core.Heard(new(0, 1), 0);
        core.Exited(new(1, 1), 2);
        Assert.Equal(
            [WorkerStep.Serve, WorkerStep.Stop, WorkerStep.Stop], Take(core).Select(action => action.Step));
        Assert.Null(core.ExitCode);
        core.Exited(new(0, 1), 0);
        core.Exited(new(2, 1), 2);
        Assert.Equal(2, core.ExitCode);
    }

    [Fact]
    public void A_restart_of_all_replaces_one_after_another_and_the_owner_last_and_after_it_has_gone()
    {
        var core = Ready(Plan);
        core.RestartAll();
        foreach (var slot in (int[])[2, 1])
        {
            Assert.Equal([new(WorkerStep.Start, new(slot, 2))], Take(core));
            core.Heard(new(slot, 2), 0);
            Assert.Equal(
                [new(WorkerStep.Serve, new(slot, 2)), new(WorkerStep.Retire, new(slot, 1))], Take(core));
            core.Exited(new(slot, 1), 0);
        }

        Assert.Equal([new(WorkerStep.Retire, new(0, 1))], Take(core));
        core.Exited(new(0, 1), 0);
        Assert.Equal([new(WorkerStep.Start, new(0, 2))], Take(core));
        core.Heard(new(0, 2), 0);
        Assert.False(core.IsReplacing);
        Assert.Equal(3, core.Restarts(RestartReason.Restart));
        Assert.Equal(0, core.Restarts(RestartReason.Crash));
    }

    [Fact]
    public void A_successor_that_does_not_start_leaves_the_old_ones_where_they_are()
    {
        var core = Ready(Plan);
        core.RestartAll();
        Take(core);
        core.Exited(new(2, 2), 2);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Hear(core, 0, 1, 2);
        core.Tick();
        Assert.Empty(Take(core));
        Assert.False(core.IsReplacing);
        Assert.True(core.IsWhole);
    }

    [Fact]
    public void A_worker_is_recycled_after_its_requests_and_another_only_after_that()
    {
        var core = Ready(Plan with { MaxRequests = 100 });
        core.Heard(new(1, 1), 99);
        Assert.Empty(Take(core));
        core.Heard(new(1, 1), 100);
        core.Heard(new(2, 1), 100);
        Assert.Equal([new(WorkerStep.Start, new(1, 2))], Take(core));
        core.Heard(new(1, 2), 0);
        Take(core);
        core.Exited(new(1, 1), 0);
        Assert.Equal([new(WorkerStep.Start, new(2, 2))], Take(core));
        Assert.Equal(1, core.Restarts(RestartReason.Recycle));
    }

    [Fact]
    public void Jitter_makes_workers_due_at_different_numbers_within_its_range()
    {
        var due = new HashSet<long>();
        for (var seed = 0; seed < 20; seed++)
        {
            var core = Ready(Plan with { Workers = 2, MaxRequests = 100, MaxRequestsJitter = 50 }, seed);
            var requests = 100;
            while (core.Actions.Count == 0)
            {
                core.Heard(new(1, 1), requests++);
            }

            due.Add(requests - 1);
        }

        Assert.All(due, requests => Assert.InRange(requests, 100, 150));
        Assert.True(due.Count > 5, $"{due.Count} different numbers");
    }

    [Fact]
    public void Asked_to_stop_it_stops_all_and_kills_who_takes_longer_than_the_shutdown_may()
    {
        var core = Ready(Plan);
        core.Stop();
        Assert.Equal([WorkerStep.Stop, WorkerStep.Stop, WorkerStep.Stop], Take(core).Select(action => action.Step));
        core.Exited(new(0, 1), 0);
        core.Exited(new(1, 1), 0);
        _clock.Advance(TimeSpan.FromSeconds(39));
        core.Tick();
        Assert.Empty(Take(core));
        _clock.Advance(TimeSpan.FromSeconds(2));
        core.Tick();
        Assert.Equal([new(WorkerStep.Kill, new(2, 1))], Take(core));
        core.Exited(new(2, 1), 137);
        Assert.Equal(0, core.ExitCode);
    }

    /// <summary>
    /// Processes that start, answer, hang, crash and go at random, under requests to restart: never are two processes
    /// of the owner's slot there, never more than one replacement is under way, and once the accidents end all slots
    /// have a worker again.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(2000)]
    public void Whatever_happens_the_slots_are_filled_again(int first)
    {
        for (var seed = first; seed < first + 200; seed++)
        {
            Simulate(seed);
        }
    }

    private static void Simulate(int seed)
    {
        var (random, clock) = (new Random(seed), new ManualClock());
        var core = new SupervisorCore(
            Plan with { MaxRequests = 500, MaxRequestsJitter = 100 }, clock, new Random(seed));
        var alive = new Dictionary<WorkerName, SimulatedWorker>();
        for (var step = 0; step < 2000; step++)
        {
            var accidents = step is > 100 and < 1200;
            clock.Advance(TimeSpan.FromMilliseconds(random.Next(1, 200)));
            foreach (var (name, worker) in alive.ToList())
            {
                worker.Requests += random.Next(3);
                var dies = worker.Leaving || worker.Killed ? random.Next(8) == 0
                    : accidents && worker.WasHeard && random.Next(300) == 0;
                worker.Hung |= accidents && worker.WasHeard && random.Next(500) == 0;
                if (dies && (!worker.Hung || worker.Killed))
                {
                    alive.Remove(name);
                    core.Exited(name, worker.Leaving ? 0 : 139);
                }
                else if (!worker.Hung && random.Next(4) == 0)
                {
                    worker.WasHeard = true;
                    core.Heard(name, worker.Requests);
                }
            }

            if (accidents && random.Next(200) == 0)
            {
                core.RestartAll();
            }

            core.Tick();
            Apply(core, alive);
            Assert.True(alive.Keys.Count(name => name.Slot == 0) <= 1, $"seed {seed}: two owners at step {step}");
            Assert.True(alive.Count <= 4, $"seed {seed}: {alive.Count} processes at step {step}");
        }

        Assert.Null(core.ExitCode);
        Assert.True(core.IsWhole || core.IsReplacing, $"seed {seed}: a slot stays empty");
        Assert.True(alive.Keys.Select(name => name.Slot).Distinct().Count() >= 2, $"seed {seed}");
        Assert.True(core.Restarts(RestartReason.Crash) > 0, $"seed {seed}: nothing crashed");
    }

    private static void Apply(SupervisorCore core, Dictionary<WorkerName, SimulatedWorker> alive)
    {
        while (core.Actions.TryDequeue(out var action))
        {
            if (action.Step == WorkerStep.Start)
            {
                alive.Add(action.Worker, new SimulatedWorker());
            }
            else if (alive.TryGetValue(action.Worker, out var worker))
            {
                // It has ended meanwhile where it is not there.
                worker.Killed |= action.Step == WorkerStep.Kill;
                worker.Leaving |= action.Step == WorkerStep.Retire;
            }
        }
    }

    private SupervisorCore Start(SupervisorPlan plan, int seed = 1) => new(plan, _clock, new Random(seed));

    private SupervisorCore Ready(SupervisorPlan plan, int seed = 1)
    {
        var core = Start(plan, seed);
        for (var slot = 0; slot < plan.Workers; slot++)
        {
            core.Heard(new(slot, 1), 0);
        }

        Take(core);
        return core;
    }

    private static void Hear(SupervisorCore core, params int[] slots)
    {
        foreach (var slot in slots)
        {
            core.Heard(new(slot, 1), 0);
        }
    }

    private static List<WorkerAction> Take(SupervisorCore core)
    {
        List<WorkerAction> actions = [.. core.Actions];
        core.Actions.Clear();
        return actions;
    }

    private sealed class SimulatedWorker
    {
        public long Requests { get; set; }

        public bool WasHeard { get; set; }

        public bool Hung { get; set; }

        public bool Killed { get; set; }

        public bool Leaving { get; set; }
    }
}
