namespace Quoin.Server.Storage.Journal;

/// <summary>Every bound of the journal that is not a setting, with its reason.</summary>
internal static class JournalLimits
{
    /// <summary>Bytes of a record's payload: the largest is a job's body, 32 MB, and what describes it.</summary>
    public const int PayloadBytes = 48 * 1024 * 1024;

    /// <summary>Appends that wait for the writer; further ones wait outside. A batch takes them all at once.</summary>
    public const int WaitingAppends = 1024;

    /// <summary>Bytes written and synced together, unless a single record is larger.</summary>
    public const int BatchBytes = 4 * 1024 * 1024;

    /// <summary>Bytes read at once where the next sound record is looked for.</summary>
    public const int SearchBytes = 64 * 1024;

    /// <summary>
    /// Least time between two tries to write the journal anew after a failure: a failing disk is not helped by more.
    /// </summary>
    public static readonly TimeSpan RecoveryPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Save intervals after which what is no longer needed leaves the disk, however little it is: answers have a
    /// retention that is a promise too.
    /// </summary>
    public const int IntervalsWithGarbage = 10;
}
