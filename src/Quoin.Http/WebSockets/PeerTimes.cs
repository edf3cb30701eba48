namespace Quoin.Http.WebSockets;

/// <summary>What a connection's timer has to do.</summary>
internal enum PeerVerdict
{
    Fine,
    PingDue,
    HeartbeatLost,
    WriteStalled,
    CloseOverdue,
}

/// <summary>
/// When a ping is due, and when the peer has taken too long: to send anything after a ping, to take in a write, to
/// answer a close. A state machine without a clock: each method is told the time since the connection began.
/// </summary>
internal sealed class PeerTimes(WebSocketOptions options)
{
    private readonly Lock _lock = new();
    private TimeSpan _pinged;
    private bool _awaited;
    private TimeSpan? _writing;
    private TimeSpan? _closing;
    private bool _held;

    public bool IsHeld
    {
        get
        {
            lock (_lock)
            {
                return _held;
            }
        }
    }

    /// <summary>Something came.</summary>
    public void Heard()
    {
        lock (_lock)
        {
            _awaited = false;
        }
    }

    /// <summary>
    /// While messages wait for the handler nothing is read: that nothing comes says nothing about the peer then.
    /// </summary>
    public void Hold(bool held)
    {
        lock (_lock)
        {
            (_held, _awaited) = (held, false);
        }
    }

    public void WriteBegan(TimeSpan now)
    {
        lock (_lock)
        {
            _writing = now;
        }
    }

    public void WriteEnded()
    {
        lock (_lock)
        {
            _writing = null;
        }
    }

    /// <summary>A close was sent. No pings any more.</summary>
    public void CloseBegan(TimeSpan now)
    {
        lock (_lock)
        {
            _closing ??= now;
        }
    }

    public PeerVerdict Judge(TimeSpan now)
    {
        lock (_lock)
        {
            if (now - _closing >= options.CloseTimeout)
            {
                return PeerVerdict.CloseOverdue;
            }

            if (now - _writing >= options.WriteTimeout)
            {
                return PeerVerdict.WriteStalled;
            }

            if (options.HeartbeatInterval == TimeSpan.Zero || _closing is not null)
            {
                return PeerVerdict.Fine;
            }

            if (_awaited)
            {
                return now - _pinged >= options.HeartbeatTimeout ? PeerVerdict.HeartbeatLost : PeerVerdict.Fine;
            }

            if (now - _pinged < options.HeartbeatInterval)
            {
                return PeerVerdict.Fine;
            }

            (_pinged, _awaited) = (now, !_held);
            return _held ? PeerVerdict.Fine : PeerVerdict.PingDue;
        }
    }

    /// <summary>How long nothing has to be judged; infinite when something has to happen before.</summary>
    public TimeSpan Next(TimeSpan now)
    {
        lock (_lock)
        {
            var next = TimeSpan.MaxValue;
            if (_closing is { } closing)
            {
                next = closing + options.CloseTimeout;
            }
            else if (options.HeartbeatInterval > TimeSpan.Zero)
            {
                // An answer may come early: the next ping is then due before the timeout.
                next = _pinged + (_awaited && options.HeartbeatTimeout < options.HeartbeatInterval
                    ? options.HeartbeatTimeout
                    : options.HeartbeatInterval);
                next = next <= now ? _pinged + options.HeartbeatTimeout : next;
            }

            if (_writing is { } writing && writing + options.WriteTimeout < next)
            {
                next = writing + options.WriteTimeout;
            }

            return next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan
                : next > now ? next - now
                : TimeSpan.FromMilliseconds(1);
        }
    }
}
