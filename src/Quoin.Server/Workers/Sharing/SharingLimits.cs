using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>Bounds of what workers and supervisor tell each other, with their reason.</summary>
internal static class SharingLimits
{
    /// <summary>
    /// What asking the supervisor may cost a request. It answers in less than a millisecond unless it has no processor
    /// to run on; counting alone for that is worse than a late answer.
    /// </summary>
    public static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(250);

    /// <summary>Failures in a row after which nobody waits for a while: one or two are a hiccup.</summary>
    public const int Failures = 3;

    /// <summary>While the supervisor does not answer one request in so long finds out whether it does again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Between two tries to connect; each is a system call.</summary>
    public static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(250);

    /// <summary>What a start may wait for the connection, and a stop for the last messages.</summary>
    public static readonly TimeSpan EdgeTime = TimeSpan.FromSeconds(1);

    /// <summary>Requests of one worker at the supervisor, answered or given up: each is a request in a bad moment.
    /// </summary>
    public const int Asked = 10_000;

    /// <summary>Bytes of requests that are not sent yet: those of <see cref="Asked"/> with six buckets each.</summary>
    public const int AskedBytes = 8 << 20;

    /// <summary>
    /// Bytes of settlements that wait for the connection, about 60 each: some seconds of a busy worker, or what 20 000
    /// keys have spent, at its start.
    /// </summary>
    public const int NotedBytes = 4 << 20;

    /// <summary>
    /// Six buckets or a thousand breakers fill a small part of it. Names that a client or a configuration makes longer
    /// than <see cref="NameChars"/> go as their hash.
    /// </summary>
    public static readonly MessagePackLimits Message = new()
    {
        MaxDepth = 2,
        MaxStringBytes = 4096,
        MaxArrayEntries = 4096,
        MaxBinaryBytes = 0,
        MaxMapEntries = 0,
        MaxExtensionBytes = 0,
        MaxMessageBytes = 256 << 10,
    };

    public const int NameChars = 1000;

    /// <summary>Buckets of one request: one of each kind of limit, and room for kinds to come.</summary>
    public const int Claims = 16;

    /// <summary>Units, in what is taken, settled, reserved and spent: added up far from the end of 64 bits.</summary>
    public const long Units = 1_000_000_000_000_000_000;

    /// <summary>Seconds of a bucket's period, a hundred days: with the units far from the end of 128 bits.</summary>
    public const int Seconds = 8_640_000;

    /// <summary>Breakers of one question: names of about 40 bytes.</summary>
    public const int BreakersAtOnce = 1000;

    /// <summary>Breakers known at the supervisor; there is one for each key of a provider.</summary>
    public const int Breakers = 10_000;

    /// <summary>The longest that a breaker may be open; <c>circuit_breaker.timeout</c> has a smaller bound.</summary>
    public static readonly TimeSpan BreakerTime = TimeSpan.FromDays(1);

    /// <summary>Workers tell each other of their breakers as often: a message of some hundred bytes.</summary>
    public static readonly TimeSpan BreakerPeriod = TimeSpan.FromMilliseconds(200);

    /// <summary>Keys with what they have spent at the supervisor, about 500 bytes each.</summary>
    public const int Accounts = 100_000;

    /// <summary>Connections to the supervisor: each worker has one, and so has the one that it replaces.</summary>
    public const int Connections = WorkerLimits.Workers * 4;

    /// <summary>Days that a period of a budget may begin after today, by another process's clock.</summary>
    public const int DaysAhead = 40;
}
