using Microsoft.AspNetCore.Http;

namespace Quoin.Http;

/// <summary>
/// Bounds the time of a request (<see cref="HttpAppOptions.RequestTimeout"/>, or what its route says): its token is
/// cancelled, and a handler that ends by that is answered 503. A response that has begun cannot be answered otherwise
/// any more: its connection or stream is broken off, so that nobody takes it for whole.
/// </summary>
internal sealed class RequestTime(RequestDelegate next, HttpAppOptions options)
{
    public Task InvokeAsync(HttpContext context)
    {
        var most = context.GetEndpoint()?.Metadata.GetMetadata<RequestTimeoutMetadata>()?.Timeout
            ?? options.RequestTimeout;
        return most > TimeSpan.Zero ? InvokeAsync(context, most) : next(context);
    }

    private async Task InvokeAsync(HttpContext context, TimeSpan most)
    {
        var left = context.RequestAborted;
        using var limit = new CancellationTokenSource(most, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, left);
        context.RequestAborted = either.Token;
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !left.IsCancellationRequested)
        {
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            await Problem.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, $"no answer within {most.TotalSeconds:0.###} s",
                left);
        }
        finally
        {
            context.RequestAborted = left;
        }
    }
}

/// <param name="Timeout">Zero: none.</param>
internal sealed record RequestTimeoutMetadata(TimeSpan Timeout);
