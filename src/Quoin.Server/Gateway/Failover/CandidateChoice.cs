using System.Numerics;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Chooses the next candidate and key of one request. Groups in their order, healthy candidates of all groups before
/// unhealthy ones, keys that were refused last of all. Within a group the better of two drawn by weight: the one with
/// less latency × (calls under way + 1) ÷ success rate, costs within a quarter counting as equal. Within a candidate
/// the key with the fewest calls under way, in turn where equal. Drained candidates, those whose conditions do not
/// hold, those tried already, keys left aside and open breakers are passed over.
/// </summary>
internal sealed class CandidateChoice
{
    /// <summary>Costs that differ by less are noise; then weights alone decide.</summary>
    private const double Near = 1.25;

    private readonly Exchange _exchange;
    private readonly IReadOnlyList<Candidate> _candidates;
    private readonly RandomNumbers _random;
    private readonly BreakerSettings _breaker;

    /// <summary>Candidates that take the request at all.</summary>
    private readonly ulong _fitting;

    /// <summary>Tried with all their keys.</summary>
    private ulong _tried;

    /// <summary>Tried, and worth another try after a pause.</summary>
    private ulong _retryable;

    /// <summary>Keys that were refused, and with a model those that had reached its limit.</summary>
    private List<(KeyState Key, string? Model)>? _triedKeys;

    public CandidateChoice(
        Exchange exchange, IReadOnlyList<Candidate> candidates, RandomNumbers random)
    {
        (_exchange, _candidates, _random) = (exchange, candidates, random);
        _breaker = exchange.Snapshot.Breaker;
        for (var i = 0; i < Math.Min(candidates.Count, FailoverLimits.Candidates); i++)
        {
            if (ConditionCheck.Holds(exchange, candidates[i].Options.When))
            {
                _fitting |= 1UL << i;
            }
        }
    }

    public bool AnyFits => _fitting != 0;

    /// <summary>From now on only candidates that may go on with a stream are chosen.</summary>
    public bool Continuing { get; set; }

    public bool TryNext(long now, out Chosen chosen) =>
        TryNext(now, healthy: true, refused: false, out chosen)
        || TryNext(now, healthy: false, refused: false, out chosen)
        || TryNext(now, healthy: false, refused: true, out chosen);

    /// <summary>Another candidate, to be called beside the one under way.</summary>
    public bool TryOther(long now, in Chosen underWay, out Chosen other)
    {
        var tried = _tried;
        _tried |= 1UL << underWay.Index;
        var found = TryNext(now, healthy: true, refused: false, out other);
        _tried = tried;
        return found;
    }

    /// <summary>The whole candidate failed, or only the key, or that for the candidate's model.</summary>
    public void Failed(in Chosen chosen, FaultOf fault, bool retryable)
    {
        if (fault != FaultOf.Candidate)
        {
            (_triedKeys ??= []).Add((chosen.Key.State, fault == FaultOf.Key ? null : chosen.Candidate.Model));
        }
        else
        {
            _tried |= 1UL << chosen.Index;
        }

        if (retryable)
        {
            _retryable |= 1UL << chosen.Index;
        }
        else if (fault == FaultOf.Candidate)
        {
            _retryable &= ~(1UL << chosen.Index);
        }
    }

    /// <summary>After a pause: what may do better now may be chosen again.</summary>
    public void Again()
    {
        _tried &= ~_retryable;
        _triedKeys?.Clear();
    }

    /// <summary>
    /// The time at which a pause may end: now for a candidate that failed, later for one whose keys are rate limited.
    /// Null when a pause would change nothing. An open breaker is not waited for.
    /// </summary>
    public long? ReadyAt(long now, bool rateLimitWaits)
    {
        long? earliest = null;
        for (var left = _fitting; left != 0; left &= left - 1)
        {
            var index = BitOperations.TrailingZeroCount(left);
            var candidate = _candidates[index];
            var failed = (_retryable >> index & 1) != 0;
            if (candidate.State.Drained || (_tried >> index & 1) != 0 && !failed)
            {
                continue;
            }

            foreach (var key in candidate.Account.Keys)
            {
                var reason = key.State.ReasonAside(now, candidate.Model);
                var aside = reason == AsideReason.RateLimited && rateLimitWaits;
                if ((aside || (failed && reason == AsideReason.None))
                    && key.State.Breaker.OpenUntil <= now)
                {
                    var ready = Math.Max(now, key.State.AsideUntil(now, candidate.Model));
                    earliest = earliest is { } known && known < ready ? known : ready;
                }
            }
        }

        return earliest;
    }

    /// <summary>Why no candidate could be called at all, and when one can.</summary>
    public GatewayError Blocked(long now, TimeProvider time)
    {
        var (soonest, limited, drained) = (long.MaxValue, false, true);
        for (var left = _fitting; left != 0; left &= left - 1)
        {
            var candidate = _candidates[BitOperations.TrailingZeroCount(left)];
            if (candidate.State.Drained)
            {
                continue;
            }

            drained = false;
            foreach (var key in candidate.Account.Keys)
            {
                var (aside, open) = (key.State.AsideUntil(now, candidate.Model), key.State.Breaker.OpenUntil);
                var ready = Math.Max(aside, open);
                if (ready < soonest)
                {
                    (soonest, limited) = (ready, aside > open);
                }
            }
        }

        if (drained)
        {
            return new GatewayError(
                GatewayErrorKind.Overloaded, "every provider of this model is taken out of use")
            { Code = "provider_drained" };
        }

        var wait = soonest > now ? time.GetElapsedTime(now, soonest) : FailoverLimits.ProbePatience;
        return limited
            ? new GatewayError(GatewayErrorKind.RateLimited, "every provider of this model has reached its rate limit")
            { Code = "rate_limited", RetryAfter = wait }
            : new GatewayError(
                GatewayErrorKind.Overloaded,
                "every provider of this model has failed too often; its circuit breaker is open")
            { Code = "circuit_open", RetryAfter = wait };
    }

    private bool TryNext(long now, bool healthy, bool refused, out Chosen chosen)
    {
        var left = _fitting & ~_tried;
        while (left != 0)
        {
            var first = BitOperations.TrailingZeroCount(left);
            var group = GroupOf(first, left);
            left &= ~group;
            group = Eligible(group, healthy);
            while (group != 0)
            {
                var index = BitOperations.IsPow2(group) ? BitOperations.TrailingZeroCount(group) : Draw(group, now);
                if (TryEnter(index, now, refused, out chosen))
                {
                    return true;
                }

                group &= ~(1UL << index);
            }
        }

        chosen = default;
        return false;
    }

    private ulong GroupOf(int first, ulong among)
    {
        var group = 0UL;
        for (var left = among; left != 0; left &= left - 1)
        {
            var index = BitOperations.TrailingZeroCount(left);
            if (_candidates[index].Group != _candidates[first].Group)
            {
                break;
            }

            group |= 1UL << index;
        }

        return group;
    }

    private ulong Eligible(ulong group, bool healthy)
    {
        for (var left = group; left != 0; left &= left - 1)
        {
            var index = BitOperations.TrailingZeroCount(left);
            var (state, options) = (_candidates[index].State, _candidates[index].Options);
            if (state.Drained || (healthy && !state.Healthy) || (Continuing && !options.Continue))
            {
                group &= ~(1UL << index);
            }
        }

        return group;
    }

    private int Draw(ulong group, long now)
    {
        var total = 0;
        for (var left = group; left != 0; left &= left - 1)
        {
            total += _candidates[BitOperations.TrailingZeroCount(left)].Options.Weight;
        }

        var (one, other) = (DrawOne(group, total), DrawOne(group, total));
        return one != other && CostOf(other, now) * Near < CostOf(one, now) ? other : one;
    }

    private int DrawOne(ulong group, int total)
    {
        var at = (int)(_random.Next() * total);
        var index = 0;
        for (var left = group; left != 0; left &= left - 1)
        {
            index = BitOperations.TrailingZeroCount(left);
            at -= _candidates[index].Options.Weight;
            if (at < 0)
            {
                break;
            }
        }

        return index;
    }

    private double CostOf(int index, long now)
    {
        var state = _candidates[index].State;

        // A millisecond at least: providers that answer at once are told apart by their load.
        var latency = Math.Max(state.Latency.At(now), _exchange.Time.TimestampFrequency / 1000.0);
        return latency * (state.InFlight + 1) / Math.Max(state.SuccessRate, 0.01);
    }

    private bool TryEnter(int index, long now, bool refused, out Chosen chosen)
    {
        var candidate = _candidates[index];
        var keys = candidate.Account.Keys;
        var barred = 0UL;
        while (PickKey(candidate, now, refused, barred) is >= 0 and var at)
        {
            if (keys[at].State.Breaker.TryEnter(now, _breaker, out var ticket))
            {
                var last = (_fitting & ~_tried & ~(1UL << index)) == 0;
                chosen = new Chosen(index, candidate, keys[at], ticket, last);
                return true;
            }

            barred |= 1UL << at;
        }

        chosen = default;
        return false;
    }

    private int PickKey(Candidate candidate, long now, bool refused, ulong barred)
    {
        var keys = candidate.Account.Keys;
        var start = keys.Count > 1 ? candidate.State.NextKey(keys.Count) : 0;
        var (best, least) = (-1, int.MaxValue);
        for (var i = 0; i < keys.Count; i++)
        {
            var at = (start + i) % keys.Count;
            var state = keys[at].State;
            if ((barred >> at & 1) == 0 && state.InFlight < least
                && state.ReasonAside(now, candidate.Model) is var reason
                && (reason == AsideReason.None || (refused && reason == AsideReason.Refused))
                && !IsTried(state, candidate.Model))
            {
                (best, least) = (at, state.InFlight);
            }
        }

        return best;
    }

    private bool IsTried(KeyState key, string model)
    {
        for (var i = 0; i < (_triedKeys?.Count ?? 0); i++)
        {
            if (_triedKeys![i].Key == key && (_triedKeys[i].Model ?? model) == model)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a failure is held against.</summary>
internal enum FaultOf
{
    Candidate,
    Key,

    /// <summary>The key, for the model that was asked with it.</summary>
    KeyAndModel,
}
