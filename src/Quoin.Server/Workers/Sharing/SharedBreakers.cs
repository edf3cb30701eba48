namespace Quoin.Server.Workers.Sharing;

/// <summary>Breakers that some worker has opened, until their time is over or one has closed them again.</summary>
internal sealed class SharedBreakers(TimeProvider time)
{
    private readonly Dictionary<string, long> _openUntil = new(StringComparer.Ordinal);

    /// <summary>How long it is open yet; zero where it is not.</summary>
    public TimeSpan LeftOf(string name)
    {
        var now = time.GetTimestamp();
        return _openUntil.TryGetValue(name, out var until) && until > now
            ? time.GetElapsedTime(now, until)
            : TimeSpan.Zero;
    }

    /// <summary>False: too many are open.</summary>
    public bool Open(string name, TimeSpan left)
    {
        var now = time.GetTimestamp();
        if (_openUntil.Count >= SharingLimits.Breakers && !_openUntil.ContainsKey(name))
        {
            foreach (var (over, _) in _openUntil.Where(breaker => breaker.Value <= now).ToList())
            {
                _openUntil.Remove(over);
            }

            if (_openUntil.Count >= SharingLimits.Breakers)
            {
                return false;
            }
        }

        _openUntil[name] = now + (long)(left.TotalSeconds * time.TimestampFrequency);
        return true;
    }

    public void Close(string name) => _openUntil.Remove(name);
}
