using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// A script on its way to Redis. Who asked may give up before there was a connection (then it is never sent), or after
/// it was sent (then its answer is still to come).
/// </summary>
internal sealed class SharedCall(string script, RedisKey[] keys, RedisValue[] values)
{
    private readonly Lock _lock = new();
    private Task<RedisResult>? _sent;
    private bool _abandoned;

    public Task<RedisResult> SendAsync(IDatabase db)
    {
        lock (_lock)
        {
            return _abandoned
                ? Task.FromCanceled<RedisResult>(new CancellationToken(canceled: true))
                : _sent = EvaluateAsync(db);
        }
    }

    /// <summary>False: Redis does not know of it and never will.</summary>
    public bool Abandon([NotNullWhen(true)] out Task<RedisResult>? late)
    {
        lock (_lock)
        {
            _abandoned = true;
            late = WasRefusedUnsent(_sent) ? null : _sent;
            return late is not null;
        }
    }

    // The client library knows whether it had a connection to write to.
    private static bool WasRefusedUnsent(Task<RedisResult>? sent) =>
        sent?.Exception?.InnerException is RedisConnectionException
        {
            FailureType: ConnectionFailureType.UnableToResolvePhysicalConnection,
        };

    private async Task<RedisResult> EvaluateAsync(IDatabase db)
    {
        try
        {
            return await db.ScriptEvaluateAsync(script, keys, values);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            // Redis was started anew and has forgotten the script; the library loads it now.
            return await db.ScriptEvaluateAsync(script, keys, values);
        }
    }
}
