using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

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
        using var lifetime = new LimitedLifetime(
            context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>(), most, options.Time);
        context.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            lifetime.Dispose();
            context.Response.Clear();
            await Problem.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, $"no answer within {most.TotalSeconds:0.###} s",
                context.RequestAborted);
        }
    }
}

/// <summary>
/// The lifetime of a request with a limit. Its token is made when somebody asks for it, for most handlers do not: of
/// the 400 bytes that a short answer took beyond those of bare Kestrel, tokens and their timer were 224.
/// </summary>
internal sealed class LimitedLifetime(IHttpRequestLifetimeFeature connection, TimeSpan most, TimeProvider time)
    : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private CancellationTokenSource? _limit;
    private CancellationTokenRegistration _left;
    private CancellationToken? _replaced;
    private bool _ended;

    /// <summary>The time is up, and the client is still there.</summary>
    public bool IsOver =>
        _limit is { IsCancellationRequested: true } && !connection.RequestAborted.IsCancellationRequested;

    public CancellationToken RequestAborted
    {
        get
        {
            lock (_lock)
            {
                return _replaced ?? (_ended ? connection.RequestAborted : Limit().Token);
            }
        }

        set
        {
            lock (_lock)
            {
                _replaced = value;
            }
        }
    }

    public void Abort() => connection.Abort();

    /// <summary>From now on there is no limit any more; who has its token keeps it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            (_ended, _replaced) = (true, null);
        }

        _left.Dispose();
        _limit?.Dispose();
    }

    private CancellationTokenSource Limit()
    {
        if (_limit is null)
        {
            var left = most - time.GetElapsedTime(_start);
            _limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
            _left = connection.RequestAborted.UnsafeRegister(
                static limit => ((CancellationTokenSource)limit!).Cancel(), _limit);
        }

        return _limit;
    }
}

/// <param name="Timeout">Zero: none.</param>
internal sealed record RequestTimeoutMetadata(TimeSpan Timeout);
