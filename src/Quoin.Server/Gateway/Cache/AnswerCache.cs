using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

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
        var directives = CacheDirectives.Read(exchange.Http.Request.Headers.CacheControl);
        if (directives.NoStore || KeyOf(exchange) is not { } request)                              // 1
        {
            Count(exchange, CacheOutcome.Bypass);
            return await call(exchange);
        }

        exchange.CacheKey = request.Key;
        var kept = directives.NoCache ? null : await Store.GetAsync(request.Key, exchange.Http.RequestAborted);
        if (kept is not null && await TrySendAsync(exchange, request, kept, directives))           // 2
        {
            return null;
        }

        if (directives.OnlyIfCached)
        {
            Count(exchange, CacheOutcome.Miss);
            return new GatewayError(GatewayErrorKind.Deadline, "no kept answer serves this request (only-if-cached)")
            {
                Code = "not_cached",
            };
        }

        return directives.NoCache
            ? await CallAsync(exchange, request, kept, flight: null, call)
            : await ShareAsync(exchange, request, kept, directives, call);
    }

    public void Dispose() => Store.Dispose();

    private static RequestKey? KeyOf(Exchange exchange)
    {
        // The answers of these two have no reader, so that each form is kept by itself.
        var route = exchange.Dialect is ServerOnlyDialect && exchange.Record.Stream
            ? exchange.Envelope.Model + "\nstream"
            : exchange.Envelope.Model;
        return RequestDigest.Of(exchange.Tenant, route, exchange.Call.Api, exchange.Body.WrittenMemory);
    }

    private async ValueTask<bool> TrySendAsync(
        Exchange exchange, RequestKey request, CachedAnswer kept, CacheDirectives directives)
    {
        var now = exchange.Time.GetUtcNow();
        if (!directives.Accept(kept, now))
        {
            return false;
        }

        exchange.CacheStatus = now < kept.Expires ? "hit" : "stale";
        if (!await AnswerReplay.SendAsync(exchange, kept, request.UsageIncluded, now))
        {
            return false;
        }

        Count(exchange, now < kept.Expires ? CacheOutcome.Hit : CacheOutcome.Stale);
        return true;
    }

    /// <summary>Asks the provider, or waits for an equal request that does.</summary>
    private async ValueTask<GatewayError?> ShareAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, CacheDirectives directives,
        Func<Exchange, ValueTask<GatewayError?>> call)
    {
        using var clock = exchange.Services.Clocks.Rent(exchange.Deadline, exchange.Http.RequestAborted);
        clock.Begin(AttemptPhase.Total, exchange.Snapshot.Options.Llm.Timeout);
        for (var turn = 1; ; turn++)
        {
            if (_flights.Join(request.Key, out var flight))                                        // 3
            {
                return await LeadAsync(exchange, request, kept, directives, flight, call);
            }

            FlightResult? landed;
            try
            {
                landed = await _flights.WaitAsync(flight, clock.Token);
            }
            catch (OperationCanceledException) when (!exchange.Http.RequestAborted.IsCancellationRequested)
            {
                return Attempt.TimedOut(AttemptPhase.Total, exchange);
            }

            if (landed is not { } result)
            {
                return await CallAsync(exchange, request, kept, flight: null, call);
            }

            exchange.CacheStatus = "coalesced";
            if (result.Answer is { } answer
                && await AnswerReplay.SendAsync(exchange, answer, request.UsageIncluded, exchange.Time.GetUtcNow()))
            {
                Count(exchange, CacheOutcome.Coalesced);
                return null;
            }

            if (result.Error is { } error && (IsTheRequestsOwn(error) || turn >= CacheLimits.TakeOvers))
            {
                Count(exchange, CacheOutcome.Coalesced);
                return await TrySendStaleAsync(exchange, request, kept, error) ? null : error;
            }

            exchange.CacheStatus = null;                                                           // 4
        }
    }

    private async ValueTask<GatewayError?> LeadAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, CacheDirectives directives,
        SingleFlight.Flight flight, Func<Exchange, ValueTask<GatewayError?>> call)
    {
        // The flight before may have landed between our look at the store and our joining.
        var landed = false;
        try
        {
            var again = await Store.GetAsync(request.Key, exchange.Http.RequestAborted);
            if (again is not null && again != kept && await TrySendAsync(exchange, request, again, directives))
            {
                _flights.Land(request.Key, flight, new FlightResult(again, null));
                landed = true;
                return null;
            }

            landed = true;
            return await CallAsync(exchange, request, kept, flight, call);
        }
        finally
        {
            if (!landed)
            {
                _flights.Land(request.Key, flight, default);
            }
        }
    }

    /// <summary>Asks the provider, keeps its answer, and tells those who wait.</summary>
    private async ValueTask<GatewayError?> CallAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, SingleFlight.Flight? flight,
        Func<Exchange, ValueTask<GatewayError?>> call)
    {
        using var capture = new AnswerCapture();
        exchange.Capture = capture;
        Count(exchange, CacheOutcome.Miss);
        GatewayError? error = null;
        CachedAnswer? answer = null;
        try
        {
            error = await call(exchange);
            answer = error is null ? AnswerOf(exchange, capture, request) : null;
            if (answer is not null)                                                                // 5
            {
                await Store.SetAsync(
                    request.Key, answer, Options.Ttl + Options.StaleIfError, CancellationToken.None);
            }
        }
        catch (GatewayException e)
        {
            error = e.Error;
        }
        finally
        {
            exchange.Capture = null;
            if (flight is not null)
            {
                _flights.Land(request.Key, flight, new FlightResult(answer, error ?? exchange.Record.Error));
            }
        }

        return error is not null && await TrySendStaleAsync(exchange, request, kept, error) ? null : error;
    }

    private async ValueTask<bool> TrySendStaleAsync(
        Exchange exchange, RequestKey request, CachedAnswer? kept, GatewayError error)
    {
        var now = exchange.Time.GetUtcNow();
        if (kept is null || IsTheRequestsOwn(error) || now >= kept.Expires + Options.StaleIfError
            || exchange.Http.RequestAborted.IsCancellationRequested)
        {
            return false;
        }

        exchange.CacheStatus = "stale";
        if (!await AnswerReplay.SendAsync(exchange, kept, request.UsageIncluded, now))
        {
            return false;
        }

        Log.StaleServed(logger, exchange.Record.RequestId, error.Message);
        metrics.Count(CacheOutcome.Stale);
        exchange.Record.Cache = "stale";
        return true;
    }

    /// <summary>The answer as it can be given again; null where it must not be.</summary>
    private CachedAnswer? AnswerOf(Exchange exchange, AnswerCapture capture, RequestKey request)
    {
        var record = exchange.Record;
        if (!capture.Complete || record.Error is not null || !MayKeep(record.Operation, record.Finish)
            || Options.Ttl <= TimeSpan.Zero)
        {
            return null;
        }

        var now = exchange.Time.GetUtcNow();
        var body = capture.ToArray();
        return new CachedAnswer
        {
            Tenant = exchange.Tenant,
            Route = exchange.Envelope.Model,
            ContentType = capture.ContentType,
            Streamed = capture.Streamed,
            UsageIncluded = capture.Streamed && request.UsageIncluded,
            Provider = record.Provider ?? "",
            Model = record.Model ?? "",
            Created = now,
            Expires = now + Options.Ttl,
            Body = capture.Streamed && exchange.Call.Framing is not EventStreamFraming ? ToEvents(body) : body,
        };
    }

    /// <summary>Refusals, filtered, paused and unusable answers are not kept: another try may do better.</summary>
    private static bool MayKeep(Operation? operation, FinishReason? finish) => operation == Operation.Chat
        ? finish is FinishReason.Stop or FinishReason.StopSequence or FinishReason.Length or FinishReason.ToolCalls
        : operation is not null;

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

    private void Count(Exchange exchange, CacheOutcome outcome)
    {
        exchange.CacheStatus = exchange.Record.Cache = CacheMetrics.NameOf(outcome);
        metrics.Count(outcome);
    }

    private static partial class Log
    {
        [LoggerMessage(2200, LogLevel.Warning, "Request {RequestId} got a stale answer, for its call failed: {Reason}",
            EventName = nameof(StaleServed))]
        public static partial void StaleServed(ILogger logger, string requestId, string reason);
    }
}
