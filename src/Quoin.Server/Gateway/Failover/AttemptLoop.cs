using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Admission;
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
            (chosen, var result, var outcome) = Hedges(exchange, chosen)
                ? await HedgeAsync(exchange, choice, chosen)
                : await AttemptAsync(exchange, chosen);
            if (result.Done)
            {
                return null;
            }

            error = result.Error!;
            exchange.PushedBack |= AdmissionStage.IsPushback(exchange, error);
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
            Cross(choice, chosen, outcome, error, llm.Retry);
        }

        return error;
    }

    private static void Cross(
        CandidateChoice choice, Chosen chosen, AttemptOutcome outcome, GatewayError error, RetryOptions retry) =>
        choice.Failed(
            chosen,
            AttemptVerdict.RefusesKey(error) ? FaultOf.Key
                : outcome == AttemptOutcome.RateLimited ? FaultOf.KeyAndModel
                : FaultOf.Candidate,
            AttemptVerdict.MayRetry(outcome, error, retry));

    private async ValueTask<(Chosen Chosen, AttemptResult Result, AttemptOutcome Outcome)> AttemptAsync(
        Exchange exchange, Chosen chosen)
    {
        var record = exchange.Record;
        var (candidate, state) = (chosen.Candidate, chosen.Candidate.State);
        record.Provider = candidate.Upstream.Name;
        record.ProviderType = candidate.Upstream.Provider.Options.Type;
        record.Model = candidate.Model;
        record.Usage = null;
        var (bytes, events) = (record.ResponseBytes, record.StreamEvents);
        var settled = false;
        state.Begin(chosen.Key.State, services.Time.GetTimestamp());
        try
        {
            var result = await new Attempt(exchange, candidate, chosen.Key, chosen.Last).RunAsync();
            var outcome = AttemptVerdict.OutcomeOf(result, record.ClientGone);
            _ledger.Settle(exchange, chosen, result, outcome);
            exchange.Meter?.Add(
                record, record.Usage ?? exchange.Continuation?.TakeOwnUsage(), outcome,
                record.ResponseBytes - bytes, record.StreamEvents - events);
            settled = true;
            Note(exchange, candidate, result);
            return (chosen, result, outcome);
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

    /// <summary>A stream that another may go on with is followed event by event, which two at once would mix.</summary>
    private static bool Hedges(Exchange exchange, in Chosen chosen) =>
        exchange.Snapshot.Options.Llm.Hedge.Enabled && !chosen.Last && exchange.Continuation is null
        && exchange.Record.Operation == Operation.Chat;

    /// <summary>
    /// Calls a second candidate when the first is slower than nearly always. Whichever claims the client first answers,
    /// the other is cancelled; a failure of one leaves the other to answer.
    /// </summary>
    private async ValueTask<(Chosen Chosen, AttemptResult Result, AttemptOutcome Outcome)> HedgeAsync(
        Exchange exchange, CandidateChoice choice, Chosen chosen)
    {
        if (chosen.Candidate.State.Latency.Slow is not { } slow)
        {
            return await AttemptAsync(exchange, chosen);
        }

        using var race = new HedgeRace(exchange);
        var tasks = new List<Task<(Chosen Chosen, AttemptResult Result, AttemptOutcome Outcome)>>(2)
        {
            AttemptAsync(race.First, chosen).AsTask(),
        };
        try
        {
            var least = exchange.Snapshot.Options.Llm.Hedge.MinDelay;
            var wait = services.Time.GetElapsedTime(0, slow);
            using var waiting = new CancellationTokenSource();
            await Task.WhenAny(tasks[0], Task.Delay(wait > least ? wait : least, services.Time, waiting.Token));
            await waiting.CancelAsync();
            if (!tasks[0].IsCompleted && !race.Decided
                && choice.TryOther(services.Time.GetTimestamp(), chosen, out var other))
            {
                Log.Hedged(logger, exchange.Record.RequestId, other.Candidate.Upstream.Name);
                race.Second.Record.Attempts = race.First.Record.Attempts;
                tasks.Add(AttemptAsync(race.Second, other).AsTask());
            }

            var decisive = await Task.WhenAny(tasks);
            var first = await decisive;
            if (first.Result.Done || tasks.Count == 1)
            {
                return race.Settle(decisive == tasks[0], first);
            }

            var last = await (decisive == tasks[0] ? tasks[1] : tasks[0]);
            if (!last.Result.Done && first.Result.Error is { } error)
            {
                Cross(choice, first.Chosen, first.Outcome, error, exchange.Snapshot.Options.Llm.Retry);
            }

            return race.Settle(decisive != tasks[0], last);
        }
        finally
        {
            race.End();
            await Task.WhenAll(tasks.ToArray<Task>()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        choice.Failed(broken, FaultOf.Candidate, retryable: false);
        choice.Continuing = true;
        continuation.AddUsage(record.Usage);
        for (var now = services.Time.GetTimestamp();
            now < exchange.Deadline && choice.TryNext(now, out var next);
            now = services.Time.GetTimestamp())
        {
            Log.Continued(logger, record.RequestId, next.Candidate.Upstream.Name, error.Message);
            continuation.Continuing = true;
            var (_, result, _) = await AttemptAsync(exchange, next);
            continuation.AddUsage(record.Usage);
            record.Usage = continuation.Usage;
            if (result.Done)
            {
                return;
            }

            var fault = AttemptVerdict.RefusesKey(result.Error!) ? FaultOf.Key : FaultOf.Candidate;
            choice.Failed(next, fault, retryable: false);
            if (result.Begun && !continuation.Possible)
            {
                break;
            }
        }

        record.Error = error;
        Log.StreamBroken(logger, record.RequestId, record.Provider ?? "", error.Message);
        await continuation.EndAsync(error);
    }

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Warning, "Request {RequestId}: provider {Provider} failed: {Reason}",
            EventName = nameof(AttemptFailed))]
        public static partial void AttemptFailed(ILogger logger, string requestId, string provider, string reason);

        [LoggerMessage(2002, LogLevel.Warning, "Request {RequestId}: the stream of {Provider} broke: {Reason}",
            EventName = nameof(StreamBroken))]
        public static partial void StreamBroken(ILogger logger, string requestId, string provider, string reason);

        [LoggerMessage(2004, LogLevel.Debug, "Request {RequestId}: provider {Provider} is called too",
            EventName = nameof(Hedged))]
        public static partial void Hedged(ILogger logger, string requestId, string provider);

        [LoggerMessage(2003, LogLevel.Warning,
            "Request {RequestId}: provider {Provider} goes on with a stream that broke: {Reason}",
            EventName = nameof(Continued))]
        public static partial void Continued(ILogger logger, string requestId, string provider, string reason);
    }
}
