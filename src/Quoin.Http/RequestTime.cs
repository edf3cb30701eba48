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
        if (most <= TimeSpan.Zero)
        {
            return next(context);
        }

        var features = context.Features;
        var lifetime = new LimitedLifetime(
            (IHttpRequestLifetimeFeature)features[typeof(IHttpRequestLifetimeFeature)]!, most, options.Time);
        features[typeof(IHttpRequestLifetimeFeature)] = lifetime;
        var handling = Handling.Start(next, context);
        if (!handling.IsCompletedSuccessfully)
        {
            return FinishAsync(handling, context, lifetime, most);
        }

        lifetime.Dispose();
        return handling;
    }

    private static async Task FinishAsync(Task handling, HttpContext context, LimitedLifetime lifetime, TimeSpan most)
    {
        using var ended = lifetime;
        try
        {
            await handling;
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
    private static readonly object Ended = new();

    private readonly long _start = time.GetTimestamp();

    /// <summary>
    /// Null until a token is asked for; then a <see cref="Limit"/>, at last <see cref="Ended"/>. One word that is
    /// exchanged, and not a lock, which would be one more object for each request.
    /// </summary>
    private object? _state;

    /// <summary>What somebody has put in the place of the token, mostly one that is linked to it.</summary>
    private object? _replaced;

    /// <summary>The time is up, and the client is still there.</summary>
    public bool IsOver => Volatile.Read(ref _state) is Limit { Token.IsCancellationRequested: true }
        && !connection.RequestAborted.IsCancellationRequested;

    public CancellationToken RequestAborted
    {
        get => Volatile.Read(ref _replaced) is CancellationToken replaced ? replaced
            : Volatile.Read(ref _state) switch
            {
                null => Begin(),
                Limit limit => limit.Token,
                _ => connection.RequestAborted,
            };

        set => Volatile.Write(ref _replaced, value);
    }

    public void Abort() => connection.Abort();

    /// <summary>From now on there is no limit any more; who has its token keeps it.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _replaced, null);
        (Interlocked.Exchange(ref _state, Ended) as Limit)?.Dispose();
    }

    private CancellationToken Begin()
    {
        var left = most - time.GetElapsedTime(_start);
        var limit = new Limit(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, connection.RequestAborted);
        if (Interlocked.CompareExchange(ref _state, limit, comparand: null) is null)
        {
            return limit.Token;
        }

        limit.Dispose();
        return RequestAborted;
    }

    private sealed class Limit : IDisposable
    {
        private readonly CancellationTokenSource _source;
        private readonly CancellationTokenRegistration _left;

        public Limit(TimeSpan left, TimeProvider time, CancellationToken aborted)
        {
            _source = new CancellationTokenSource(left, time);
            Token = _source.Token;
            _left = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        }

        public CancellationToken Token { get; }

        public void Dispose()
        {
            _left.Dispose();
            _source.Dispose();
        }
    }
}

/// <param name="Timeout">Zero: none.</param>
internal sealed record RequestTimeoutMetadata(TimeSpan Timeout);
