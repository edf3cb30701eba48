using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Quoin.Http;

/// <summary>
/// Answers what handlers throw: a request that the server or a parameter's binding found wrong by its own status, all
/// else as 500 without a word of the reason, which the log has. What has begun to be answered is broken off.
/// </summary>
internal sealed partial class FaultAnswers(ILogger logger)
{
    public RequestDelegate Around(RequestDelegate next) => context =>
    {
        var handling = Handling.Start(next, context);
        return handling.IsCompletedSuccessfully ? handling : FinishAsync(handling, context);
    };

    private async Task FinishAsync(Task handling, HttpContext context)
    {
        try
        {
            await handling;
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await Problem.WriteAsync(context, e.StatusCode, e.Message, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has left.
        }
        catch (Exception e)
        {
            Log.Fault(logger, e, context.Request.Method, context.Request.Path);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            await Problem.WriteAsync(
                context, StatusCodes.Status500InternalServerError, "the server failed; its log says why",
                context.RequestAborted);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(4000, LogLevel.Error, "{Method} {Path} failed", EventName = nameof(Fault))]
        public static partial void Fault(ILogger logger, Exception exception, string method, string path);
    }
}
