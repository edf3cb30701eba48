using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Answers a request from what was answered before:
/// 1. The key, from all that the answer depends on; a request that forbids it or depends on more goes by.
/// 2. A fresh answer is given again.
/// 3. Else the first request of a key asks its provider; equal ones that come meanwhile wait for that answer.
/// 4. If the first got none (its client left, its call failed), one of them takes over.
/// 5. A whole answer is kept. When the call failed on the provider's side, a stale answer is better than none.
/// </summary>
internal sealed partial class AnswerCache(
    AnswerStore store, CacheOptions options, CacheMetrics metrics, ILogger<AnswerCache> logger) : IDisposable
{
    private readonly SingleFlight _flights = new();

    public AnswerStore Store { get; } = store;

    /// <summary>What it was made from; another configuration makes another cache.</summary>
    public CacheOptions Options { get; } = options;

    /// <summary>Requests that wait for the answer of an equal one.</summary>
    public int Waiting => _flights.Waiting;

    /// <summary>Null when an answer went out.</summary>
    /// <param name="call">Gets the answer from a provider.</param>
    public async ValueTask<GatewayError?> ServeAsync(
        Exchange exchange, Func<Exchange, ValueTask<GatewayError?>> call)
    {
        try
        {
            return await FindAsync(exchange, call);
        }
        finally
        {
            if (exchange.CacheOutcome is { } outcome)
            {
                exchange.Record.Cache = CacheMetrics.NameOf(outcome);
                metrics.Count(outcome);
            }
        }
    }

    public void Dispose() => Store.Dispose();

    private async ValueTask<GatewayError?> FindAsync(
        Exchange exchange, Func<Exchange, ValueTask<GatewayError?>> call)
    {
        var directives = CacheDirectives.Read(exchange.Http.Request.Headers.CacheControl);
        if (directives.NoStore || KeyOf(exchange) is not { } request)                              // 1
        {
            exchange.CacheOutcome = CacheOutcome.Bypass;
            return await call(exchange);
        }

        exchange.CacheKey = request.Key;
        var landings = _flights.LandingsOf(request.Key);
        var kept = directives.NoCache ? null : await Store.GetAsync(request.Key, exchange.Http.RequestAborted);
        if (kept is not null && await TrySendAsync(exchange, request, kept, directives))           // 2
        {
            return null;
        }

        if (directives.OnlyIfCached)
        {
            exchange.CacheOutcome = CacheOutcome.Miss;
            return new GatewayError(GatewayErrorKind.Deadline, "no kept answer serves this request (only-if-cached)")
            {
                Code = "not_cached",
            };
        }

        if (directives.NoCache)
        {
            return await CallAsync(exchange, request, kept, flight: null, call);
        }

        if (!_flights.Join(request.Key, out var flight))                                           // 3
        {
            return await ShareAsync(exchange, request, kept, flight, call);
        }

        // A flight that landed between our look at the store and our joining has put its answer there.
        if (landings != _flights.LandingsOf(request.Key)
            && await TryLandAsync(exchange, request, kept, directives, flight))
        {
            return null;
        }

        return await CallAsync(exchange, request, kept, flight, call);
    }

    private static RequestKey? KeyOf(Exchange exchange) => RequestDigest.Of(
        exchange.Tenant, exchange.Envelope.Model, exchange.Call.Api, exchange.Body.WrittenSpan,
        AnswerVariants.Of(exchange));

    private static async ValueTask<bool> TrySendAsync(
        Exchange exchange, RequestKey request, CachedAnswer kept, CacheDirectives directives)
    {
        var now = exchange.Time.GetUtcNow();
        return directives.Accept(kept, now)
            && await TrySendAsync(
                exchange, request, kept, now < kept.Expires ? CacheOutcome.Hit : CacheOutcome.Stale, now);
    }

    private static async ValueTask<bool> TrySendAsync(
        Exchange exchange, RequestKey request, CachedAnswer answer, CacheOutcome outcome, DateTimeOffset now)
    {
        exchange.CacheOutcome = outcome;
        if (await AnswerReplay.SendAsync(exchange, answer, request.UsageIncluded, now))
        {
            return true;
        }

        exchange.CacheOutcome = null;
        return false;
    }

    /// <summary>Waits for an equal request that asks the provider, and takes over where that got nothing.</summary>
    private async ValueTask<GatewayError?> ShareAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, SingleFlight.Flight flight,
        Func<Exchange, ValueTask<GatewayError?>> call)
    {
        using var clock = exchange.Services.Clocks.Rent(exchange.Deadline, exchange.Http.RequestAborted);
        clock.Begin(AttemptPhase.Total, exchange.Timeout);
        for (var failures = 0; ;)
        {
            FlightResult? landed;
            try
            {
                landed = await _flights.WaitAsync(flight, clock.Token);
            }
            catch (OperationCanceledException) when (!exchange.Http.RequestAborted.IsCancellationRequested)
            {
                exchange.CacheOutcome = CacheOutcome.Coalesced;
                return Attempt.TimedOut(AttemptPhase.Total, exchange);
            }

            switch (landed?.End)
            {
                case FlightEnd.Answered when await TrySendAsync(
                    exchange, request, landed.Value.Answer!, CacheOutcome.Coalesced, exchange.Time.GetUtcNow()):
                    return null;
                case FlightEnd.Failed:
                    var error = landed.Value.Error!;
                    if (await TrySendStaleAsync(exchange, request, kept, error))
                    {
                        return null;
                    }

                    if (IsTheRequestsOwn(error) || ++failures >= CacheLimits.TakeOvers)
                    {
                        exchange.CacheOutcome = CacheOutcome.Coalesced;
                        return error;
                    }

                    break;
                case FlightEnd.Left:
                    break;
                default:
                    // Too many wait, or the answer has not the form that is asked for: each for itself.
                    return await CallAsync(exchange, request, kept, flight: null, call);
            }

            if (_flights.Join(request.Key, out flight))                                            // 4
            {
                return await CallAsync(exchange, request, kept, flight, call);
            }
        }
    }

    /// <summary>The leader looks once more, and if there is an answer now, it is for all.</summary>
    private async ValueTask<bool> TryLandAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, CacheDirectives directives,
        SingleFlight.Flight flight)
    {
        var result = default(FlightResult);
        var looked = false;
        try
        {
            var again = await Store.GetAsync(request.Key, exchange.Http.RequestAborted);
            if (again is null || again.Created == kept?.Created
                || !await TrySendAsync(exchange, request, again, directives))
            {
                looked = true;
                return false;
            }

            result = new FlightResult(FlightEnd.Answered, again);
            return true;
        }
        finally
        {
            if (!looked)
            {
                _flights.Land(request.Key, flight, result);
            }
        }
    }

    /// <summary>Asks the provider, tells those who wait, and keeps the answer.</summary>
    private async ValueTask<GatewayError?> CallAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, SingleFlight.Flight? flight,
        Func<Exchange, ValueTask<GatewayError?>> call)
    {
        using var capture = new AnswerCapture(exchange.Time);
        exchange.Capture = capture;
        exchange.CacheOutcome = CacheOutcome.Miss;
        var result = default(FlightResult);
        GatewayError? error = null;

        // Neither those who wait nor the next request depend on how fast this client takes its answer.
        var inStore = false;
        capture.Kept = () =>
        {
            result = ResultOf(exchange, capture, request, error: null);
            inStore = result.Answer is { } whole && TryKeepAtOnce(exchange.Record, request.Key, whole);
            if (inStore && flight is not null)
            {
                _flights.Land(request.Key, flight, result);
            }
            else
            {
                flight?.Tell(result);
            }
        };
        try
        {
            error = await call(exchange);
            if (result.Answer is null)
            {
                result = ResultOf(exchange, capture, request, error);
            }

            if (result.Answer is { } answer && !inStore)
            {
                flight?.Tell(result);
                await KeepAsync(exchange, request.Key, answer);                                    // 5
            }
        }
        catch (GatewayException e)
        {
            error = e.Error;
            result = ResultOf(exchange, capture, request, error);
        }
        catch (Exception) when (!exchange.Http.RequestAborted.IsCancellationRequested)
        {
            result = new FlightResult(FlightEnd.Failed, Error: new GatewayError(
                GatewayErrorKind.Internal, "the gateway failed on an equal request; its log has the reason"));
            throw;
        }
        finally
        {
            exchange.Capture = null;
            if (flight is not null)
            {
                _flights.Land(request.Key, flight, result);
            }
        }

        return error is not null && await TrySendStaleAsync(exchange, request, kept, error) ? null : error;
    }

    /// <summary>True when there is no more to do: it is in the store, or is not one to keep.</summary>
    private bool TryKeepAtOnce(RequestRecord record, CacheKey key, CachedAnswer answer) =>
        !MayKeep(record) || Store.TrySet(key, answer, Options.Ttl + Options.StaleIfError);

    private async ValueTask KeepAsync(Exchange exchange, CacheKey key, CachedAnswer answer)
    {
        if (TryKeepAtOnce(exchange.Record, key, answer))
        {
            return;
        }

        if (!exchange.Http.RequestAborted.IsCancellationRequested)
        {
            // The client has its whole answer before we turn to a disk or a network.
            await exchange.Http.Response.CompleteAsync();
        }

        await Store.SetAsync(key, answer, Options.Ttl + Options.StaleIfError, CancellationToken.None);
    }

    /// <summary>What a call that was made means for those who wait.</summary>
    private FlightResult ResultOf(
        Exchange exchange, AnswerCapture capture, RequestKey request, GatewayError? error)
    {
        error ??= exchange.Record.Error;
        if (error is null)
        {
            return capture.Complete && exchange.Continuation is not { Continuing: true }
                ? new FlightResult(FlightEnd.Answered, AnswerOf(exchange, capture, request))
                : new FlightResult(exchange.Record.ClientGone ? FlightEnd.Left : FlightEnd.Unshared);
        }

        // A time that this client cut short says nothing to others.
        return error.Kind == GatewayErrorKind.Deadline && exchange.Timeout < exchange.Snapshot.Options.Llm.Timeout
            ? default
            : new FlightResult(FlightEnd.Failed, Error: error);
    }

    private async ValueTask<bool> TrySendStaleAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, GatewayError error)
    {
        var now = exchange.Time.GetUtcNow();
        if (kept is null || IsTheRequestsOwn(error) || now >= kept.Expires + Options.StaleIfError
            || exchange.Http.RequestAborted.IsCancellationRequested
            || !await TrySendAsync(exchange, request, kept, CacheOutcome.Stale, now))
        {
            return false;
        }

        Log.StaleServed(logger, exchange.Record.RequestId, error.Message);
        return true;
    }

    /// <summary>The answer as it can be given again.</summary>
    private CachedAnswer AnswerOf(Exchange exchange, AnswerCapture capture, RequestKey request)
    {
        var record = exchange.Record;
        var body = capture.ToArray();
        return new CachedAnswer
        {
            Tenant = exchange.Tenant,
            Route = exchange.Envelope.Model,
            ContentType = capture.ContentType.Length <= CacheLimits.NameChars
                ? capture.ContentType
                : "application/json",
            Streamed = capture.Streamed,
            UsageIncluded = capture.Streamed && request.UsageIncluded,
            Usage = record.Usage,
            Provider = record.Provider ?? "",
            Model = record.Model ?? "",
            Created = capture.At,
            Expires = capture.At + Options.Ttl,
            Body = capture.Streamed && exchange.Call.Framing is not EventStreamFraming ? ToEvents(body) : body,
        };
    }

    /// <summary>Refusals, filtered, paused and unusable answers are not kept: another try may do better.</summary>
    private static bool MayKeep(RequestRecord record) => record.Operation == Operation.Chat
        ? record.Finish
            is FinishReason.Stop or FinishReason.StopSequence or FinishReason.Length or FinishReason.ToolCalls
        : record.Operation is not null;

    /// <summary>A JSON array of chunks, as Gemini's clients may ask for, as an event stream.</summary>
    private static ReadOnlyMemory<byte> ToEvents(byte[] array)
    {
        var events = new ArrayBufferWriter<byte>(array.Length + 256);
        using var document = JsonDocument.Parse(array);
        foreach (var chunk in document.RootElement.EnumerateArray())
        {
            events.Write("data: "u8);
            using (var writer = new Utf8JsonWriter(events))
            {
                chunk.WriteTo(writer);
            }

            events.Write("\n\n"u8);
        }

        return events.WrittenMemory;
    }

    /// <summary>The same request would get the same error from every provider at every time.</summary>
    private static bool IsTheRequestsOwn(GatewayError error) => error.Kind
        is GatewayErrorKind.InvalidRequest or GatewayErrorKind.ContextLength or GatewayErrorKind.ContentFilter
        or GatewayErrorKind.NotFound or GatewayErrorKind.TooLarge or GatewayErrorKind.UnsupportedMediaType
        or GatewayErrorKind.Unprocessable or GatewayErrorKind.Permission;

    private static partial class Log
    {
        [LoggerMessage(2200, LogLevel.Warning, "Request {RequestId} got a stale answer, for its call failed: {Reason}",
            EventName = nameof(StaleServed))]
        public static partial void StaleServed(ILogger logger, string requestId, string reason);
    }
}
