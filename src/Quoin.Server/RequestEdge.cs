using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Quoin.Server.Gateway;
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

            if (http.Response.StatusCode >= 400 && !http.Response.HasStarted && http.Response.ContentLength is null)
            {
                await ProblemDetails.WriteAsync(http, record);
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
