namespace Quoin.Server.Storage.Journal;

/// <summary>
/// What the journal keeps: it is changed by records only, in their order, by the journal's one writer, so that what is
/// in memory is at any time what reading the journal would give. Called by nobody else.
/// </summary>
internal interface IJournalState
{
    /// <summary>A record is durable, or was read at the start. Gives the same state for the same records.</summary>
    void Apply(byte type, ReadOnlyMemory<byte> payload);

    /// <summary>
    /// Drops what is no longer kept. Returns about how many bytes of the journal have become useless since the last
    /// time.
    /// </summary>
    long Sweep();

    /// <summary>Records that give this state.</summary>
    IEnumerable<(byte Type, ReadOnlyMemory<byte> Payload)> Snapshot();
}

/// <summary>What became of an append.</summary>
internal enum JournalResult
{
    /// <summary>On disk, and applied.</summary>
    Durable,

    /// <summary>The disk is full; nothing is kept of it.</summary>
    Full,

    /// <summary>The disk failed; it is not acknowledged, and kept only if a crash comes right now.</summary>
    Failed,

    /// <summary>The server stops.</summary>
    Closed,
}
