using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Tests.Gateway.CircuitBreaker;

/// <summary>
/// The breaker against a reference that keeps every call in a list and works its state out of it in the plainest way,
/// over random sequences of events. A failure tells its seed.
/// </summary>
public sealed class BreakerModelTests
{
    private const int Sequences = 500;
    private const int Events = 200;

    [Fact]
    public void It_does_what_the_reference_does()
    {
        var visited = new HashSet<CircuitState>();
        for (var seed = 1; seed <= Sequences; seed++)
        {
            Run(seed, visited);
        }

        Assert.Equal(3, visited.Count);
    }

    private static void Run(int seed, HashSet<CircuitState> visited)
    {
        var random = new Random(seed);
        var settings = new BreakerSettings(
            Enabled: true, FailureThreshold: random.Next(1, 6), Interval: random.Next(1, 200),
            Timeout: random.Next(1, 100), MaxRequests: random.Next(1, 5));
        var (breaker, reference) = (new Breaker(), new Reference(settings));
        var calls = new List<(BreakerTicket Ticket, int Reference)>();
        var now = 0L;
        for (var i = 0; i < Events; i++)
        {
            var what = random.Next(10);
            if (what < 2)
            {
                now += random.Next(0, 60);
            }
            else if (what < 6 || calls.Count == 0)
            {
                var admitted = breaker.TryEnter(now, settings, out var ticket);
                Assert.True(admitted == reference.TryEnter(now, out var id), $"seed {seed}, event {i}: admission");
                if (admitted)
                {
                    calls.Add((ticket, id));
                }
            }
            else
            {
                var at = random.Next(calls.Count);
                var (ticket, id) = calls[at];
                calls.RemoveAt(at);
                switch (random.Next(5))
                {
                    case 0:
                        breaker.Cancel(ticket);
                        reference.End(id, null, now);
                        break;
                    case 1 or 2:
                        breaker.Succeed(ticket, settings);
                        reference.End(id, true, now);
                        break;
                    default:
                        breaker.Fail(ticket, now, settings);
                        reference.End(id, false, now);
                        break;
                }
            }

            visited.Add(breaker.State);
            Assert.True(
                breaker.State == reference.State, $"seed {seed}, event {i}: {breaker.State}, not {reference.State}");
        }
    }

    private sealed class Reference(BreakerSettings settings)
    {
        private readonly List<Call> _calls = [];
        private int _period;
        private long _openedAt;

        public CircuitState State { get; private set; }

        public bool TryEnter(long now, out int id)
        {
            id = _calls.Count;
            if (State == CircuitState.Open && now >= _openedAt + settings.Timeout)
            {
                Change(CircuitState.HalfOpen);
            }

            if (State == CircuitState.Open)
            {
                return false;
            }

            // A probe that was cancelled is as if it had never been.
            if (State == CircuitState.HalfOpen && Here().Count(call => !call.Cancelled) >= settings.MaxRequests)
            {
                return false;
            }

            _calls.Add(new Call(_period));
            return true;
        }

        public void End(int id, bool? success, long now)
        {
            var call = _calls[id];
            (call.Ended, call.Cancelled, call.Success, call.EndedAt) = (_ended++, success is null, success, now);
            if (call.Period != _period || success is null)
            {
                return;
            }

            if (State == CircuitState.HalfOpen)
            {
                if (success == false)
                {
                    Open(now);
                }
                else if (Here().Count(c => c.Success == true) == settings.MaxRequests)
                {
                    Change(CircuitState.Closed);
                }
            }
            else if (FailuresInARow() >= settings.FailureThreshold)
            {
                Open(now);
            }
        }

        private int _ended;

        private IEnumerable<Call> Here() => _calls.Where(call => call.Period == _period);

        /// <summary>Since the last success, in windows that begin at their first failure.</summary>
        private int FailuresInARow()
        {
            var (count, first) = (0, 0L);
            foreach (var call in Here().Where(c => c.Success is not null).OrderBy(c => c.Ended))
            {
                if (call.Success == true)
                {
                    count = 0;
                    continue;
                }

                if (count == 0 || call.EndedAt - first >= settings.Interval)
                {
                    (count, first) = (0, call.EndedAt);
                }

                count++;
            }

            return count;
        }

        private void Open(long now)
        {
            _openedAt = now;
            Change(CircuitState.Open);
        }

        private void Change(CircuitState state)
        {
            State = state;
            _period++;
        }

        private sealed class Call(int period)
        {
            public int Period => period;

            public int Ended { get; set; }

            public bool Cancelled { get; set; }

            public bool? Success { get; set; }

            public long EndedAt { get; set; }
        }
    }
}
