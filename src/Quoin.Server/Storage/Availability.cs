namespace Quoin.Server.Storage;

/// <summary>
/// Whether another service is worth asking: after some failures in a row nobody asks for a while, which doubles up to a
/// longest; then one caller tries for all.
/// </summary>
/// <param name="failures">So many in a row.</param>
internal sealed class Availability(TimeProvider time, int failures, TimeSpan firstPause, TimeSpan longestPause)
{
    private readonly Lock _lock = new();
    private int _failures;
    private long _downUntil;
    private TimeSpan _pause;
    private bool _probing;

    /// <summary>True: the caller asks, and says how it went.</summary>
    public bool MayAsk()
    {
        lock (_lock)
        {
            if (_failures < failures)
            {
                return true;
            }

            if (_probing || time.GetTimestamp() < _downUntil)
            {
                return false;
            }

            _probing = true;
            return true;
        }
    }

    /// <summary>True: it is back.</summary>
    public bool Succeed()
    {
        lock (_lock)
        {
            var wasAway = _failures >= failures;
            (_failures, _pause, _probing) = (0, TimeSpan.Zero, false);
            return wasAway;
        }
    }

    /// <summary>The caller left before there was an answer: a probe that was cut short is made again.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _probing = false;
        }
    }

    /// <summary>True: from now on nobody asks for a while.</summary>
    public bool Fail()
    {
        lock (_lock)
        {
            _probing = false;
            if (++_failures < failures)
            {
                return false;
            }

            var isAway = _pause == TimeSpan.Zero;
            var pause = isAway ? firstPause : _pause * 2;
            _pause = pause < longestPause ? pause : longestPause;
            _downUntil = time.GetTimestamp() + (long)(_pause.TotalSeconds * time.TimestampFrequency);
            return isAway;
        }
    }
}
