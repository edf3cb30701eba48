using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Admission;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.OpenAICompletions;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway;

/// <summary>
/// The way of a model request, top to bottom:
/// 1. Receive: the body, within its limits.
/// 2. Envelope: one forward-only read finds the model and the stream flag and proves the JSON sound.
/// 3. Idempotency: the answer that the key had before.
/// 4. Budgets and limits: what the caller may take; settled when the exchange ends.
/// 5. Jobs: a request to be answered later is on disk, and accepted.
/// 6. Cache: an answer that was given before, or that an equal request is getting.
/// 7. Admission: a slot among the calls under way, held to the answer's end.
/// 8. Route: the model's name gives ordered candidates.
/// 9. Attempt: one candidate after the other (<see cref="AttemptLoop"/>).
/// 10. Answer an error, where nothing has gone out, in the client's dialect.
/// The edge settles the record (metrics, log) when the pipeline returns.
/// </summary>
internal sealed partial class GatewayPipeline(
    GatewayServices services, SnapshotHolder snapshots, ModelRouter router, AttemptLoop attempts,
    ILogger<GatewayPipeline> logger)
{
    public async Task InvokeAsync(HttpContext http, RequestRecord record, GatewayCall call)
    {
        using var exchange = new Exchange(http, record, snapshots.Current, call, services);
        record.Dialect = exchange.Dialect.Name;
        record.Operation = WireApis.OperationOf(call.Api);
        GatewayError? error;
        try
        {
            await ReceiveAsync(exchange);                                    // 1
            if (exchange.Body.Length >= SocketScheduling.LongBodyBytes)
            {
                await SocketScheduling.LeaveSocketThread();
            }

            ReadEnvelope(exchange);                                          // 2
            services.Keys?.HoldToKey(exchange);
            AdmissionStage.ReadTerms(exchange);
            if (services.Idempotency is { } keys && await keys.AnswersAsync(exchange))       // 3
            {
                return;
            }

            if (await UsageStage.RefuseAsync(services.Usage, exchange) is { } spent)  // 4
            {
                await AnswerErrorAsync(exchange, spent);
                return;
            }

            if (services.RateLimits is { } limits && await limits.RefuseAsync(exchange) is { } limited)
            {
                exchange.Bill?.Cancel();
                await AnswerErrorAsync(exchange, limited);
                return;
            }

            if (services.Jobs is { } jobs && await jobs.AcceptsAsync(exchange, RouteAsync))  // 5
            {
                exchange.Bill?.Cancel();
                return;
            }

            error = services.Caches?.Current is { } cache
                ? await cache.ServeAsync(exchange, CallAsync)                // 6
                : await CallAsync(exchange);                                 // 7, 8, 9
        }
        catch (GatewayException e)
        {
            error = e.Error;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            record.ClientGone = true;
            return;
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            Log.Fault(logger, e, record.RequestId);
            error = new GatewayError(
                GatewayErrorKind.Internal, "the gateway failed; its log has the reason under this request's id");
        }

        if (error is not null)
        {
            await AnswerErrorAsync(exchange, error);                         // 10
        }
    }

    private static async ValueTask ReceiveAsync(Exchange exchange)
    {
        var request = exchange.Http.Request;
        if (!IsJson(request.ContentType))
        {
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.UnsupportedMediaType, "send the header Content-Type: application/json"));
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.UnsupportedMediaType, "send the body without a Content-Encoding"));
        }

        if (request.Headers.TransferEncoding.Count > 0 && request.Headers.ContainsKey("X-Content-Length"))
        {
            // The server puts a Content-Length beside a Transfer-Encoding there (RFC 9112 §6.3: an attempt to smuggle).
            throw GatewayException.Invalid(null, "send Content-Length or Transfer-Encoding, not both");
        }

        var limit = exchange.Snapshot.Options.Server.MaxRequestSize;
        var size = exchange.Http.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (size is { IsReadOnly: false })
        {
            size.MaxRequestBodySize = limit + Limits.DrainedBodyBytes;
        }

        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        if (request.ContentLength is { } length)
        {
            // One more than the body has: reading ends by a read that finds nothing.
            exchange.Body.Expect(length + 1);
        }

        try
        {
            var reader = request.BodyReader;
            while (true)
            {
                var result = await reader.ReadAsync(exchange.Http.RequestAborted);
                Append(exchange.Body, result.Buffer, limit);
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (BadHttpRequestException e)
        {
            throw new GatewayException(e.StatusCode switch
            {
                413 => TooLarge(limit).Error,
                408 => new GatewayError(GatewayErrorKind.RequestTimeout, "the body came too slowly"),
                _ => GatewayError.Invalid(null, "the body could not be read: " + e.Message),
            });
        }
        catch (IOException) when (!exchange.Http.RequestAborted.IsCancellationRequested)
        {
            throw GatewayException.Invalid(null, "the body could not be read: its framing is wrong");
        }

        exchange.Record.RequestBytes = exchange.Body.Length;
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null
        && (contentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase)
            || contentType.Contains("+json", StringComparison.OrdinalIgnoreCase));

    private static void Append(PooledBuffer body, ReadOnlySequence<byte> bytes, long limit)
    {
        if (body.Length + bytes.Length > limit)
        {
            throw TooLarge(limit);
        }

        foreach (var segment in bytes)
        {
            body.Write(segment.Span);
        }
    }

    private static GatewayException TooLarge(long limit) => new(new GatewayError(
        GatewayErrorKind.TooLarge, $"the body is larger than {limit} bytes (server.max_request_size)"));

    private static void ReadEnvelope(Exchange exchange)
    {
        var body = exchange.Body.WrittenSpan;
        var (call, record) = (exchange.Call, exchange.Record);
        if (call.Model is { } model && WireApis.ModelInPath(call.Api))
        {
            EnvelopeReader.Check(body);
            exchange.Envelope = new Envelope(model, call.Stream);
        }
        else
        {
            exchange.Envelope = EnvelopeReader.Read(body, exchange.Snapshot.DefaultModelFor(call.Api));
            if (call.Api == WireApi.OpenAICompletions && !OpenAICompletionsDialect.IsPromptShape(body))
            {
                exchange.Call = call with { Api = WireApi.HapaxCompletions };
                record.Dialect = exchange.Dialect.Name;
            }
        }

        record.RequestedModel = exchange.Envelope.Model;
        record.Route = exchange.Snapshot.TryGetRoute(exchange.Envelope.Model, out _) ? exchange.Envelope.Model : null;
        record.Stream = exchange.Envelope.Stream && record.Operation == Operation.Chat;
        if (exchange.Snapshot.Options.Logging.Prompts)
        {
            record.Prompt = System.Text.Encoding.UTF8.GetString(body);
        }
    }

    /// <summary>Gets the answer from a provider. Null when one went out.</summary>
    private async ValueTask<GatewayError?> CallAsync(Exchange exchange)
    {
        if (await AdmissionStage.EnterAsync(exchange) is { } refused)        // 7
        {
            return refused;
        }

        try
        {
            var candidates = await RouteAsync(exchange);                     // 8
            return await attempts.RunAsync(exchange, candidates);            // 9
        }
        finally
        {
            AdmissionStage.Exit(exchange);
        }
    }

    private async ValueTask<IReadOnlyList<Candidate>> RouteAsync(Exchange exchange)
    {
        var model = exchange.Envelope.Model;
        var unnamed = exchange.Envelope.ModelStart < 0 && !WireApis.ModelInPath(exchange.Call.Api);
        var candidates = unnamed
            ? exchange.Snapshot.Defaults
            : await router.FindAsync(exchange.Snapshot, model, exchange.Http.RequestAborted);
        return candidates.Count > 0
            ? candidates
            : throw new GatewayException(
                await UnknownModel.ErrorAsync(router, exchange.Snapshot, model, exchange.Http.RequestAborted));
    }

    private static async Task AnswerErrorAsync(Exchange exchange, GatewayError error)
    {
        exchange.Record.Error = error;
        if (exchange.Http.Response.HasStarted || exchange.Http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        using var body = new PooledBuffer();
        exchange.Dialect.WriteError(error, exchange.Record.RequestId, body);
        await ResponseHead.WriteErrorAsync(exchange, error, body.WrittenMemory);
    }

    private static partial class Log
    {
        [LoggerMessage(2000, LogLevel.Error, "Request {RequestId} failed inside the gateway",
            EventName = nameof(Fault))]
        public static partial void Fault(ILogger logger, Exception exception, string requestId);
    }
}

/// <summary>The snapshot that new requests begin with. A reload swaps it in one write.</summary>
internal sealed class SnapshotHolder(GatewaySnapshot first)
{
    private GatewaySnapshot _current = first;

    public GatewaySnapshot Current
    {
        get => Volatile.Read(ref _current);
        set => Volatile.Write(ref _current, value);
    }
}
