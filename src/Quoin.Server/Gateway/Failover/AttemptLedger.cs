using Microsoft.Extensions.Logging;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Books the end of an attempt: metrics, breaker, health, latency, and whether the key is left aside.
/// To the breaker 5xx, timeouts, unreachable providers, broken answers and a 429 that does not say for how long are
/// failures. A 429 with Retry-After (for its model) and a refused key set the key aside and say nothing; any other
/// answer, also a 4xx, is a success: the provider works. Calls that the client ended say nothing.
/// </summary>
internal sealed partial class AttemptLedger(GatewayServices services, ILogger logger)
{
    public void Settle(Exchange exchange, in Chosen chosen, AttemptResult result, AttemptOutcome outcome)
    {
        var (record, breaker) = (exchange.Record, chosen.Key.State.Breaker);
        if (record.ProviderStarted == 0)
        {
            // Nothing was sent: it cannot be said to this provider, or needed none.
            breaker.Cancel(chosen.Ticket);
            return;
        }

        var now = services.Time.GetTimestamp();
        var state = chosen.Candidate.State;
        services.Metrics.RecordAttempt(state.Name, outcome);
        if (result.Error is { } failure)
        {
            state.Note(new LastError(services.Time.GetUtcNow(), failure));
        }

        switch (outcome)
        {
            case AttemptOutcome.Cancelled:
                breaker.Cancel(chosen.Ticket);
                if (!result.Done)
                {
                    // Overtaken: it would have taken at least so long. Left out, only its fast calls would be known.
                    state.Latency.Add(now - record.ProviderStarted, now);
                }

                break;
            case AttemptOutcome.Success:
                chosen.Key.State.TakeBack(chosen.Candidate.Model);
                Succeed(exchange, chosen, now);
                if (record.ProviderAnswered > 0)
                {
                    state.Latency.Add(record.ProviderAnswered - record.ProviderStarted, now);
                }

                break;
            case AttemptOutcome.RateLimited:
            case AttemptOutcome.Refused:
                state.Answered(now);
                SettleRefusal(exchange, chosen, result.Error!, outcome, now);
                break;
            default:
                var lasted = services.Time.GetElapsedTime(record.ProviderStarted, now);
                if (AttemptVerdict.WasCutShort(result.Error!, lasted, record.Stream, exchange.Snapshot.Options.Llm))
                {
                    breaker.Cancel(chosen.Ticket);
                    break;
                }

                Fail(exchange, chosen, now);
                SettleReach(exchange, state, outcome, result.Error!, now);
                break;
        }
    }

    private void SettleRefusal(
        Exchange exchange, in Chosen chosen, GatewayError error, AttemptOutcome outcome, long now)
    {
        var key = chosen.Key.State;
        if (AttemptVerdict.RefusesKey(error))
        {
            key.Refuse(now + Ticks(FailoverLimits.RefusedAside));
            key.Breaker.Cancel(chosen.Ticket);
            Log.KeyRefused(logger, chosen.Candidate.Upstream.Name, error.Message);
        }
        else if (outcome == AttemptOutcome.Refused)
        {
            Succeed(exchange, chosen, now);
        }
        else if (error.RetryAfter is { } wait && wait > TimeSpan.Zero)
        {
            var bounded = wait < FailoverLimits.LongestAside ? wait : FailoverLimits.LongestAside;
            key.Limit(chosen.Candidate.Model, now + Ticks(bounded), now);
            key.Breaker.Cancel(chosen.Ticket);
        }
        else
        {
            Fail(exchange, chosen, now);
        }
    }

    private static void SettleReach(
        Exchange exchange, ProviderState state, AttemptOutcome outcome, GatewayError error, long now)
    {
        var check = exchange.Snapshot.Options.Llm.HealthCheck;
        var silent = outcome == AttemptOutcome.Unreachable
            || (outcome == AttemptOutcome.Timeout && error.UpstreamStatus is null);
        if (!silent)
        {
            state.Answered(now);
        }
        else if (check.Enabled)
        {
            state.Unreachable(check.FailureThreshold);
        }
    }

    private static void Succeed(Exchange exchange, in Chosen chosen, long now)
    {
        chosen.Key.State.Breaker.Succeed(chosen.Ticket, exchange.Snapshot.Breaker);
        chosen.Candidate.State.Answered(now);
        chosen.Candidate.State.Count(success: true);
    }

    private void Fail(Exchange exchange, in Chosen chosen, long now)
    {
        var settings = exchange.Snapshot.Breaker;
        chosen.Candidate.State.Count(success: false);
        if (chosen.Key.State.Breaker.Fail(chosen.Ticket, now, settings))
        {
            Log.Opened(
                logger, chosen.Candidate.Upstream.Name, services.Time.GetElapsedTime(0, settings.Timeout).TotalSeconds);
        }
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * services.Time.TimestampFrequency);

    private static partial class Log
    {
        [LoggerMessage(2010, LogLevel.Warning, "A key of provider {Provider} is left aside: {Reason}",
            EventName = nameof(KeyRefused))]
        public static partial void KeyRefused(ILogger logger, string provider, string reason);

        [LoggerMessage(2011, LogLevel.Warning,
            "Provider {Provider} failed too often: its circuit breaker is open for {Seconds} s",
            EventName = nameof(Opened))]
        public static partial void Opened(ILogger logger, string provider, double seconds);
    }
}
