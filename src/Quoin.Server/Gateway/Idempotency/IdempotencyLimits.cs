namespace Quoin.Server.Gateway.Idempotency;

/// <summary>Every bound of kept answers that is not a setting, with its reason.</summary>
internal static class IdempotencyLimits
{
    /// <summary>Bytes of an answer that is kept; a longer one is given once. Few answers reach 1 MB.</summary>
    public const int AnswerBytes = 8 * 1024 * 1024;

    /// <summary>About what an entry takes beside its answer.</summary>
    public const int EntryBytes = 1024;
}
