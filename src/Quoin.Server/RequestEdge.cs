using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Quoin.Http;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Endpoints;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Server;

/// <summary>
/// What surrounds every request: its id and trace, its record, an answer for paths nobody serves and for our own
/// faults, and at the end the settling of the record into metrics and the log.
/// </summary>
internal sealed partial class RequestEdge(
    RequestDelegate next, MetricsPort metricsPort, GatewayMetrics metrics, RequestLog log, IdSource ids,
    TimeProvider time, ILogger<RequestEdge> logger)
{
    public static RequestRecord RecordOf(HttpContext http) => http.Features.GetRequiredFeature<RequestRecord>();

    public async Task InvokeAsync(HttpContext http)
    {
        var record = Begin(http);
        metrics.Start();
        try
        {
            if (metricsPort.Refuses(http))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            else
            {
                await next(http);
            }

            AnswerOptions(http);
            if (http.Response.StatusCode >= 400 && !http.Response.HasStarted && http.Response.ContentLength is null)
            {
                await RefuseAsync(http, record);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            record.ClientGone = true;
        }
        catch (BadHttpRequestException e)
        {
            await FailAsync(http, record, new GatewayError(
                e.StatusCode == StatusCodes.Status408RequestTimeout
                    ? GatewayErrorKind.RequestTimeout
                    : GatewayErrorKind.InvalidRequest,
                e.Message));
        }
        catch (Exception e)
        {
            Log.Unhandled(logger, e, record.RequestId);
            await FailAsync(http, record, new GatewayError(
                GatewayErrorKind.Internal, "the gateway failed; its log has the reason under this request's id"));
        }
        finally
        {
            Settle(http, record);
        }
    }

    private RequestRecord Begin(HttpContext http)
    {
        var headers = http.Request.Headers;
        var trace = TraceContext.Read(headers.TraceParent, headers.TraceState, ids);
        var record = new RequestRecord
        {
            Started = time.GetTimestamp(),
            RequestId = RequestId.Choose(headers["X-Request-ID"], ids, time),
            Trace = trace,
            TraceId = trace.TraceId,
            Method = http.Request.Method,
            Endpoint = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "unmatched",
        };
        http.Features.Set(record);
        http.Response.Headers["X-Request-ID"] = record.RequestId;
        return record;
    }

    /// <summary>OPTIONS of a path, or of the server (<c>*</c>), tells what it takes (RFC 9110 §9.3.7).</summary>
    private static void AnswerOptions(HttpContext http)
    {
        var response = http.Response;
        if (!HttpMethods.IsOptions(http.Request.Method) || response.HasStarted)
        {
            return;
        }

        if (response.StatusCode == StatusCodes.Status405MethodNotAllowed)
        {
            response.StatusCode = StatusCodes.Status204NoContent;
            response.Headers.Allow = response.Headers.Allow + ", OPTIONS";
        }
        else if (response.StatusCode == StatusCodes.Status404NotFound && HttpEdge.IsOptionsOfServer(http))
        {
            response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    /// <summary>
    /// A path or method that is not there: told as the path's model API tells errors, for its clients read nothing
    /// else.
    /// </summary>
    private static async Task RefuseAsync(HttpContext http, RequestRecord record)
    {
        GatewayError? error = http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new(GatewayErrorKind.NotFound, "no operation has this path"),
            StatusCodes.Status405MethodNotAllowed => new(
                GatewayErrorKind.MethodNotAllowed, $"this path takes {http.Response.Headers.Allow}"),
            _ => null,
        };
        if (error is null || GatewayEndpoints.DialectOf(http.Request.Path) is not { } dialect)
        {
            await ProblemDetails.WriteAsync(http, record);
            return;
        }

        using var body = new PooledBuffer(1024);
        dialect.WriteError(error, record.RequestId, body);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body.WrittenMemory);
        }
    }

    private static async Task FailAsync(HttpContext http, RequestRecord record, GatewayError error)
    {
        record.Error = error;
        if (http.Response.HasStarted)
        {
            // Half an answer must not look whole.
            http.Abort();
            return;
        }

        http.Response.Clear();
        http.Response.Headers["X-Request-ID"] = record.RequestId;
        http.Response.StatusCode = error.Status;
        await ProblemDetails.WriteAsync(http, record);
    }

    private void Settle(HttpContext http, RequestRecord record)
    {
        record.Status = http.Response.StatusCode;
        record.Finished = time.GetTimestamp();
        record.ClientGone |= http.RequestAborted.IsCancellationRequested && record.Error is null
            && !http.Response.HasStarted;
        metrics.Record(record);
        log.Write(record);
    }

    private static partial class Log
    {
        [LoggerMessage(1001, LogLevel.Error, "Request {RequestId} failed inside the gateway",
            EventName = nameof(Unhandled))]
        public static partial void Unhandled(ILogger logger, Exception exception, string requestId);
    }
}
