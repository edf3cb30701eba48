using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using StackExchange.Redis;

namespace Quoin.Server.Storage.Redis;

/// <summary>What Redis said, or that it could not be asked.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RedisReply<T>(bool Available, T? Value);

/// <summary>
/// One connection to Redis, made when it is first needed and kept up by the client library. No operation costs its
/// caller more than the budget, and none throws: when Redis does not answer in time or at all, the reply is not
/// available. After <see cref="RedisLimits.Failures"/> failures in a row nobody waits any more for a while, which
/// doubles up to <see cref="RedisLimits.LongestPause"/>; then one caller tries for all.
/// </summary>
internal sealed partial class RedisConnection : IDisposable
{
    private readonly RedisAddress _address;
    private readonly TimeSpan _budget;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Availability _availability;
    private readonly Lock _lock = new();
    private Task<ConnectionMultiplexer>? _connecting;
    private ConnectionMultiplexer? _connected;
    private bool _disposed;

    public RedisConnection(RedisOptions options, TimeProvider time, ILogger logger)
    {
        _address = RedisAddress.Read(options);
        (_budget, _time, _logger) = (options.Budget, time, logger);
        _availability = new Availability(
            time, RedisLimits.Failures, RedisLimits.FirstPause, RedisLimits.LongestPause);
        if (_address.Error is { } error)
        {
            throw new ArgumentException(error, nameof(options));
        }
    }

    /// <summary>Asks within the budget.</summary>
    public ValueTask<RedisReply<T>> AskAsync<T>(Func<IDatabase, Task<T>> ask, CancellationToken cancellationToken) =>
        AskAsync(ask, _budget, cancellationToken);

    /// <summary>Asks within a time of its own: where no request waits.</summary>
    public async ValueTask<RedisReply<T>> AskAsync<T>(
        Func<IDatabase, Task<T>> ask, TimeSpan budget, CancellationToken cancellationToken)
    {
        if (!_availability.MayAsk())
        {
            return default;
        }

        try
        {
            var value = await RunAsync(ask).WaitAsync(budget, _time, cancellationToken);
            if (_availability.Succeed())
            {
                Log.Back(_logger);
            }

            return new RedisReply<T>(true, value);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // That says nothing of Redis.
            _availability.Leave();
            throw;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException
            or OperationCanceledException or InvalidOperationException)
        {
            if (_availability.Fail())
            {
                Log.Away(_logger, e.Message);
            }

            return default;
        }
    }

    public void Dispose()
    {
        ConnectionMultiplexer? connected;
        lock (_lock)
        {
            _disposed = true;
            connected = _connected;
        }

        connected?.Close(allowCommandsToComplete: false);
    }

    private async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> ask)
    {
        var connection = await ConnectAsync();
        lock (_lock)
        {
            if (_disposed)
            {
                // Let go while it connected.
                connection.Close(allowCommandsToComplete: false);
            }

            _connected = connection;
        }

        return await ask(connection.GetDatabase(_address.Db));
    }

    /// <summary>One attempt at a time, shared by all; a failed one is forgotten.</summary>
    private Task<ConnectionMultiplexer> ConnectAsync()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_connecting is null or { IsFaulted: true } or { IsCanceled: true })
            {
                var options = new ConfigurationOptions
                {
                    AbortOnConnectFail = false,
                    ConnectTimeout = (int)RedisLimits.ConnectTime.TotalMilliseconds,
                    SyncTimeout = (int)RedisLimits.ConnectTime.TotalMilliseconds,
                    Password = _address.Password,
                    KeepAlive = 30,
                    ClientName = "quoin",
                };
                options.EndPoints.Add(_address.Host, _address.Port);

                // Not on the caller's thread: the library looks names up and starts threads of its own.
                _connecting = Task.Run(() => ConnectionMultiplexer.ConnectAsync(options));
            }

            return _connecting;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Warning, "Redis is not used for a while: {Reason}", EventName = nameof(Away))]
        public static partial void Away(ILogger logger, string reason);

        [LoggerMessage(3002, LogLevel.Information, "Redis is used again", EventName = nameof(Back))]
        public static partial void Back(ILogger logger);
    }
}
