using System.Text;
using Quoin.Server.Storage.Journal;

namespace Quoin.Tests.Storage.Journal;

/// <summary>A state that is the list of its records.</summary>
internal sealed class RecordList : IJournalState
{
    private readonly Lock _lock = new();
    private readonly List<(byte Type, string Text)> _records = [];

    public IReadOnlyList<(byte Type, string Text)> Records
    {
        get
        {
            lock (_lock)
            {
                return [.. _records];
            }
        }
    }

    public IEnumerable<string> Texts => Records.Select(record => record.Text);

    /// <summary>Told once.</summary>
    public long Garbage { get; set; }

    /// <summary>What is left out of a snapshot.</summary>
    public Predicate<string> Dropped { get; set; } = static _ => false;

    public void Apply(byte type, ReadOnlyMemory<byte> payload)
    {
        lock (_lock)
        {
            _records.Add((type, Encoding.UTF8.GetString(payload.Span)));
        }
    }

    public long Sweep()
    {
        var garbage = Garbage;
        Garbage = 0;
        return garbage;
    }

    public IEnumerable<(byte Type, ReadOnlyMemory<byte> Payload)> Snapshot() =>
        Records.Where(record => !Dropped(record.Text))
            .Select(record => (record.Type, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(record.Text)));
}
