namespace Quoin.Server.Telemetry;

/// <summary>Every bound of telemetry that is not a setting, with its reason.</summary>
internal static class TelemetryLimits
{
    /// <summary>
    /// Distinct model names used as label values; later ones are counted as <c>other</c>. A gateway with a hundred
    /// models has about 10,000 series, which Prometheus stores with ease; ten times that it does not.
    /// </summary>
    public const int ModelLabels = 100;

    /// <summary>Characters of a label's value: the longest known model names are under 150.</summary>
    public const int LabelChars = 200;

    /// <summary>
    /// Series of one metric; later label sets share one series of <c>other</c>. Bounds memory and the cost of a
    /// scrape whatever the labels are.
    /// </summary>
    public const int SeriesPerMetric = 2000;

    /// <summary>
    /// Label combinations of whole requests that are looked up directly; a later one is counted with its models as
    /// <c>other</c>, of which there are few.
    /// </summary>
    public const int RequestCombinations = 4000;

    /// <summary>
    /// Copies of a series' numbers, one for each processor up to this, so that processors do not fight for one
    /// cache line. More copies cost memory and scrape time and gain nothing on a machine of the usual size.
    /// </summary>
    public const int Stripes = 16;

    /// <summary>
    /// Bytes of log lines that wait for the writer; beyond, lines are dropped and counted. 100 ms of the fastest
    /// request rate measured (35,000 a second of 600 bytes) is 2 MB.
    /// </summary>
    public const int LogBufferBytes = 4 * 1024 * 1024;

    /// <summary>First size of that buffer.</summary>
    public const int LogFirstBufferBytes = 64 * 1024;

    /// <summary>The writer is woken before its time when so many bytes wait: large writes are cheap writes.</summary>
    public const int LogWakeBytes = 48 * 1024;

    /// <summary>Bytes of one log line; a longer one is dropped and counted.</summary>
    public const int LogLineBytes = 1024 * 1024;

    /// <summary>Bytes a thread keeps for its next line; a rare longer line gives its buffer back.</summary>
    public const int LogKeptLineBytes = 32 * 1024;

    /// <summary>Characters of a value in a log line, such as an exception with its stack.</summary>
    public const int LogValueChars = 16 * 1024;

    /// <summary>Characters of a prompt or an answer in a log line.</summary>
    public const int LogPromptChars = 64 * 1024;

    /// <summary>Longest wait of a line for the writer.</summary>
    public static readonly TimeSpan LogDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>At shutdown, time that a blocked output has to take the last lines.</summary>
    public static readonly TimeSpan LogStop = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Shorter configured secrets are not masked: they would be found inside ordinary words, and no provider's key
    /// is so short.
    /// </summary>
    public const int SecretChars = 8;

    /// <summary>Characters of a client's request id that are kept, by the interface.</summary>
    public const int RequestIdChars = 128;

    /// <summary>Characters of tracestate passed on: what W3C Trace Context asks for at the least.</summary>
    public const int TraceStateChars = 512;

    /// <summary>Members of a tracestate, by W3C Trace Context §3.3.1.1.</summary>
    public const int TraceStateMembers = 32;
}
