namespace Quoin.Quic;

/// <summary>Sessions in memory: the newest of each server, of so many servers at most. Safe from all threads.</summary>
public sealed class QuicSessionMemory(int capacity = 1_000) : IQuicSessionStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, byte[]> _sessions = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public byte[]? Take(string server)
    {
        lock (_gate)
        {
            return _sessions.Remove(server, out var session) ? session : null;
        }
    }

    /// <inheritdoc/>
    public void Put(string server, byte[] session)
    {
        lock (_gate)
        {
            if (_sessions.Count >= capacity && !_sessions.ContainsKey(server))
            {
                _sessions.Remove(_sessions.Keys.First());
            }

            _sessions[server] = session;
        }
    }
}
