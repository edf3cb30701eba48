using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>
/// The HTTP/1.1 connections to one provider. The one used last is used next, so that a quiet time lets the others go.
/// Beyond the limit callers wait in their order; a connection that comes back is handed to the first of them. A
/// connection that had been idle and ends before a byte of its answer had most likely been closed by the provider
/// while it was idle, so the request is sent once more, on a new one. Not disposed of: idle connections close by
/// themselves, and the timer runs only while there are some.
/// </summary>
internal sealed class Http1ConnectionPool : UpstreamConnections
{
    private readonly Lock _lock = new();
    private readonly Http1Dialer _dialer;
    private readonly TimeProvider _time;
    private readonly int _maxConnections;
    private readonly int _maxIdle;
    private readonly ITimer _trimmer;

    // The end is the one used last.
    private readonly List<Http1Connection> _idle = [];

    // What a waiter gets is a connection, or null: the right to open one.
    private readonly LinkedList<TaskCompletionSource<Http1Connection?>> _waiting = [];
    private int _open;
    private bool _trimming;

    public Http1ConnectionPool(Http1Dialer dialer, int maxConnections, int maxIdle, TimeProvider time)
    {
        (_dialer, _maxConnections, _maxIdle, _time) = (dialer, maxConnections, maxIdle, time);
        _trimmer = time.CreateTimer(
            static pool => ((Http1ConnectionPool)pool!).Trim(),
            this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Connections that are open or being opened.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
            {
                return _open;
            }
        }
    }

    public override async ValueTask<UpstreamResponse> SendAsync(
        UpstreamRequest request, CancellationToken cancellationToken)
    {
        var connection = TakeIdle() ?? await WaitOrOpenAsync(cancellationToken);
        while (true)
        {
            try
            {
                await connection.SendAsync(request, cancellationToken);
                return new Http1Response(connection, this);
            }
            catch (IOException) when (
                connection is { IsUsed: true, Answered: false } && !cancellationToken.IsCancellationRequested)
            {
                // Its place is kept for the new one, which cannot come here again.
                connection.Dispose();
            }
            catch
            {
                Close(connection);
                throw;
            }

            connection = await OpenAsync(cancellationToken);
        }
    }

    /// <summary>Takes a connection back after its exchange.</summary>
    public void Return(Http1Connection connection)
    {
        var now = _time.GetTimestamp();
        if (!connection.Reusable || _time.GetElapsedTime(connection.Opened, now) > Http1Limits.Lifetime)
        {
            Close(connection);
            return;
        }

        connection.Rest(now);
        lock (_lock)
        {
            while (_waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                if (first.Value.TrySetResult(connection))
                {
                    return;
                }
            }

            _idle.Add(connection);
            if (!_trimming)
            {
                _trimming = true;
                _trimmer.Change(Http1Limits.TrimPeriod, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private Http1Connection? TakeIdle()
    {
        while (true)
        {
            Http1Connection connection;
            lock (_lock)
            {
                if (_idle.Count == 0)
                {
                    return null;
                }

                connection = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }

            if (_time.GetElapsedTime(connection.IdleSince) < Http1Limits.FreshTime || !connection.IsStale())
            {
                return connection;
            }

            Close(connection);
        }
    }

    private async ValueTask<Http1Connection> WaitOrOpenAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<Http1Connection?>? turn = null;
        lock (_lock)
        {
            if (_open < _maxConnections)
            {
                _open++;
            }
            else
            {
                turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.AddLast(turn);
            }
        }

        if (turn is not null)
        {
            await using var registration = cancellationToken.UnsafeRegister(
                static (turn, token) => ((TaskCompletionSource<Http1Connection?>)turn!).TrySetCanceled(token), turn);
            try
            {
                if (await turn.Task is { } handed)
                {
                    return handed;
                }
            }
            catch (OperationCanceledException)
            {
                lock (_lock)
                {
                    _waiting.Remove(turn);
                }

                throw;
            }
        }

        return await OpenAsync(cancellationToken);
    }

    /// <summary>Opens a connection in a place that is the caller's, and gives the place up where that fails.</summary>
    private async ValueTask<Http1Connection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _dialer.ConnectAsync(cancellationToken);
        }
        catch
        {
            GiveUpPlace();
            throw;
        }
    }

    private void Close(Http1Connection connection)
    {
        connection.Dispose();
        GiveUpPlace();
    }

    private void GiveUpPlace()
    {
        lock (_lock)
        {
            while (_waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                if (first.Value.TrySetResult(null))
                {
                    return;
                }
            }

            _open--;
        }
    }

    /// <summary>
    /// Closes what was idle too long, and what is idle beyond the number to keep. A busy provider's connections are
    /// idle for moments only; those are not counted, or each request of a burst would open its own.
    /// </summary>
    private void Trim()
    {
        List<Http1Connection> closing = [];
        lock (_lock)
        {
            var resting = CountIdleFor(Http1Limits.TrimPeriod);
            var expired = CountIdleFor(Http1Limits.IdleTime);
            var count = Math.Max(expired, resting - _maxIdle);
            if (count > 0)
            {
                closing.AddRange(CollectionsMarshal.AsSpan(_idle)[..count]);
                _idle.RemoveRange(0, count);
            }

            _trimming = _idle.Count > 0;
            if (_trimming)
            {
                _trimmer.Change(Http1Limits.TrimPeriod, Timeout.InfiniteTimeSpan);
            }
        }

        foreach (var connection in closing)
        {
            Close(connection);
        }
    }

    // Oldest first, since they come back to the end.
    private int CountIdleFor(TimeSpan time)
    {
        var count = 0;
        while (count < _idle.Count && _time.GetElapsedTime(_idle[count].IdleSince) >= time)
        {
            count++;
        }

        return count;
    }
}
