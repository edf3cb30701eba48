using Microsoft.Extensions.Logging;

namespace Quoin.Server.Storage.Journal;

internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Warning,
        "Journal {Path}: a write that was never acknowledged was torn at byte {Offset}; {Bytes} bytes cut off",
        EventName = nameof(Torn))]
    public static partial void Torn(ILogger logger, string path, long offset, long bytes);

    [LoggerMessage(3001, LogLevel.Error,
        "Journal {Path}: bytes {Start} to {End} were acknowledged and cannot be read; the file is kept as {Aside}",
        EventName = nameof(Damaged))]
    public static partial void Damaged(ILogger logger, string path, long start, long end, string aside);

    [LoggerMessage(3002, LogLevel.Error, "Journal {Path}: the disk is full; new jobs are refused until there is room",
        EventName = nameof(Full))]
    public static partial void Full(ILogger logger, Exception exception, string path);

    [LoggerMessage(3003, LogLevel.Error,
        "Journal {Path}: the disk failed; nothing is acknowledged until it has been written anew",
        EventName = nameof(Failed))]
    public static partial void Failed(ILogger logger, Exception exception, string path);

    [LoggerMessage(3004, LogLevel.Error, "Journal {Path}: cannot be written anew yet",
        EventName = nameof(StillFailing))]
    public static partial void StillFailing(ILogger logger, Exception exception, string path);

    [LoggerMessage(3005, LogLevel.Warning,
        "Journal {Path}: written anew and read back, {Bytes} bytes; jobs are taken again",
        EventName = nameof(Recovered))]
    public static partial void Recovered(ILogger logger, string path, long bytes);

    [LoggerMessage(3006, LogLevel.Warning, "Journal {Path}: could not be made smaller; the old file stays",
        EventName = nameof(NotSaved))]
    public static partial void NotSaved(ILogger logger, Exception exception, string path);

    [LoggerMessage(3007, LogLevel.Critical, "Journal {Path}: its writer has died; restart the server",
        EventName = nameof(Died))]
    public static partial void Died(ILogger logger, Exception exception, string path);
}
