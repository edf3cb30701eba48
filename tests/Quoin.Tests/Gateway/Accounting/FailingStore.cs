using Quoin.Server.Gateway.Accounting;

namespace Quoin.Tests.Gateway.Accounting;

/// <summary>A store that fails when it is told to.</summary>
internal sealed class FailingStore : IUsageStore
{
    private readonly Lock _lock = new();
    private readonly List<UsageRecord> _records = [];
    private int _tries;

    public volatile bool Fails;

    public int Tries => Volatile.Read(ref _tries);

    public UsageRecord[] Records
    {
        get
        {
            lock (_lock)
            {
                return [.. _records];
            }
        }
    }

    public void Write(IReadOnlyList<UsageRecord> records)
    {
        Interlocked.Increment(ref _tries);
        if (Fails)
        {
            throw new IOException("No space left on device");
        }

        lock (_lock)
        {
            _records.AddRange(records);
        }
    }

    public bool Tidy(DateTimeOffset now, TimeSpan retention) => true;

    public void Dispose()
    {
    }
}
