using Microsoft.Extensions.Logging;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Calls providers until one answers:
/// 1. Choose a candidate and a key (<see cref="CandidateChoice"/>), whose breaker lets the call through.
/// 2. Attempt it. An answer, whole or ended by its own error event, is the end.
/// 3. Note what the failure says of provider and key (<see cref="AttemptLedger"/>).
/// 4. A failure that another may not have: at once the next candidate, or the next key if the key was at fault.
/// 5. Nothing left: a pause, if the failures are worth one and it ends within the deadline; then again.
/// 6. A stream that broke after it had begun: another candidate goes on with it where the route allows that, else it
///    ends in the client's own error event.
/// All within one deadline.
/// </summary>
internal sealed partial class AttemptLoop(
    GatewayServices services, RandomNumbers random, ILogger<AttemptLoop> logger)
{
    private readonly AttemptLedger _ledger = new(services, logger);

    /// <summary>Null when an answer went out.</summary>
    public async ValueTask<GatewayError?> RunAsync(Exchange exchange, IReadOnlyList<Candidate> candidates)
    {
        var llm = exchange.Snapshot.Options.Llm;
        exchange.Deadline = exchange.Record.Started + Ticks(llm.Timeout);
        var choice = new CandidateChoice(exchange, candidates, random);
        if (!choice.AnyFits)
        {
            return GatewayError.Invalid(
                "model", "no candidate of this model's route takes such a request", "no_candidate");
        }

        exchange.Continuation = StreamContinuation.For(exchange, candidates);
        GatewayError? error = null;
        var retries = 0;
        for (var attempts = 0; attempts < FailoverLimits.Attempts;)
        {
            var now = services.Time.GetTimestamp();
            if (!choice.TryNext(now, out var chosen))
            {
                if (await PauseAsync(exchange, choice, retries++))
                {
                    choice.Again();
                    continue;
                }

                return error ?? choice.Blocked(now, services.Time);
            }

            attempts++;
            var (result, outcome) = await AttemptAsync(exchange, chosen);
            if (result.Done)
            {
                return null;
            }

            error = result.Error!;
            if (result.Begun)
            {
                await ContinueAsync(exchange, choice, chosen, error);
                return null;
            }

            if (!AttemptVerdict.MayMoveOn(result, chosen.Candidate.Options)
                || services.Time.GetTimestamp() >= exchange.Deadline)
            {
                break;
            }

            Log.AttemptFailed(logger, exchange.Record.RequestId, chosen.Candidate.Upstream.Name, error.Message);
            choice.Failed(
                chosen,
                keyOnly: outcome == AttemptOutcome.RateLimited || AttemptVerdict.RefusesKey(error),
                AttemptVerdict.MayRetry(outcome, error, llm.Retry));
        }

        return error;
    }

    private async ValueTask<(AttemptResult Result, AttemptOutcome Outcome)> AttemptAsync(
        Exchange exchange, Chosen chosen)
    {
        var record = exchange.Record;
        var (candidate, state) = (chosen.Candidate, chosen.Candidate.State);
        record.Provider = candidate.Upstream.Name;
        record.ProviderType = candidate.Upstream.Provider.Options.Type;
        record.Model = candidate.Model;
        record.Usage = null;
        var settled = false;
        state.Begin(chosen.Key.State, services.Time.GetTimestamp());
        try
        {
            var result = await new Attempt(exchange, candidate, chosen.Key, chosen.Last).RunAsync();
            var outcome = AttemptVerdict.OutcomeOf(result, record.ClientGone);
            _ledger.Settle(exchange, chosen, result, outcome);
            settled = true;
            Note(exchange, candidate, result);
            return (result, outcome);
        }
        finally
        {
            state.End(chosen.Key.State);
            if (!settled)
            {
                chosen.Key.State.Breaker.Cancel(chosen.Ticket);
            }
        }
    }

    private void Note(Exchange exchange, Candidate candidate, AttemptResult result)
    {
        var record = exchange.Record;
        if (result is { Done: true, Error: { } late })
        {
            record.Error = late;
            Log.StreamBroken(logger, record.RequestId, candidate.Upstream.Name, late.Message);
        }

        if (!result.Done && record.ProviderStarted > 0)
        {
            record.EarlierAttempts += services.Time.GetTimestamp() - record.ProviderStarted;
            record.ProviderStarted = 0;
        }
    }

    /// <summary>Waits until a candidate is worth another try. False when none will be, or not in time.</summary>
    private async ValueTask<bool> PauseAsync(Exchange exchange, CandidateChoice choice, int retry)
    {
        var options = exchange.Snapshot.Options.Llm.Retry;
        var now = services.Time.GetTimestamp();
        if (retry >= options.MaxRetries
            || choice.ReadyAt(now, options.RetryableErrors.Contains("rate_limit")) is not { } ready)
        {
            return false;
        }

        // What a provider asked for is the least; the random part comes on top, so that not all come back at once.
        var asked = services.Time.GetElapsedTime(now, ready);
        var pause = asked + Backoff.Delay(options, retry, random.Next());
        if (asked > options.MaxDelay || pause >= services.Time.GetElapsedTime(now, exchange.Deadline))
        {
            return false;
        }

        await Task.Delay(pause, services.Time, exchange.Http.RequestAborted);
        exchange.Record.EarlierAttempts += services.Time.GetTimestamp() - now;
        return true;
    }

    /// <summary>Lets other candidates go on with the stream, else ends it in the client's own error event.</summary>
    private async ValueTask ContinueAsync(
        Exchange exchange, CandidateChoice choice, Chosen broken, GatewayError error)
    {
        var (record, continuation) = (exchange.Record, exchange.Continuation!);
        choice.Failed(broken, keyOnly: false, retryable: false);
        choice.Continuing = true;
        continuation.AddUsage(record.Usage);
        for (var now = services.Time.GetTimestamp();
            now < exchange.Deadline && choice.TryNext(now, out var next);
            now = services.Time.GetTimestamp())
        {
            Log.Continued(logger, record.RequestId, next.Candidate.Upstream.Name, error.Message);
            continuation.Continuing = true;
            var (result, _) = await AttemptAsync(exchange, next);
            continuation.AddUsage(record.Usage);
            record.Usage = continuation.Usage;
            if (result.Done)
            {
                return;
            }

            choice.Failed(next, keyOnly: AttemptVerdict.RefusesKey(result.Error!), retryable: false);
            if (result.Begun && !continuation.Possible)
            {
                break;
            }
        }

        record.Error = error;
        Log.StreamBroken(logger, record.RequestId, record.Provider ?? "", error.Message);
        await continuation.EndAsync(error);
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * services.Time.TimestampFrequency);

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Warning, "Request {RequestId}: provider {Provider} failed: {Reason}",
            EventName = nameof(AttemptFailed))]
        public static partial void AttemptFailed(ILogger logger, string requestId, string provider, string reason);

        [LoggerMessage(2002, LogLevel.Warning, "Request {RequestId}: the stream of {Provider} broke: {Reason}",
            EventName = nameof(StreamBroken))]
        public static partial void StreamBroken(ILogger logger, string requestId, string provider, string reason);

        [LoggerMessage(2003, LogLevel.Warning,
            "Request {RequestId}: provider {Provider} goes on with a stream that broke: {Reason}",
            EventName = nameof(Continued))]
        public static partial void Continued(ILogger logger, string requestId, string provider, string reason);
    }
}
