using System.Globalization;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;

namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary>An entry for each open breaker, which lives for as long as it is open.</summary>
internal sealed class RedisBreakers(RedisOptions options, TimeProvider time, ILoggerFactory loggers)
    : IBreakerStore, IDisposable
{
    /// <summary>A round costs each node a few commands of Redis.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private const string Prefix = "quoin:breaker:";

    private readonly RedisConnection _redis = new(options, time, loggers.CreateLogger<RedisConnection>());

    public RedisOptions Options => options;

    public TimeSpan Period => Interval;

    public async ValueTask<TimeSpan?[]?> ReadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var reply = await _redis.AskAsync(
            db => Task.WhenAll(names.Select(name => db.KeyTimeToLiveAsync(Prefix + name))), cancellationToken);
        return reply.Available ? reply.Value : null;
    }

    public async ValueTask OpenAsync(string name, TimeSpan left, CancellationToken cancellationToken) =>
        await _redis.AskAsync(
            db => db.StringSetAsync(
                Prefix + name, left.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), left),
            cancellationToken);

    public async ValueTask CloseAsync(string name, CancellationToken cancellationToken) =>
        await _redis.AskAsync(db => db.KeyDeleteAsync(Prefix + name), cancellationToken);

    public void Dispose() => _redis.Dispose();
}
