using System.Text.Json;
using Quoin.Http.Benchmarking.Exchanges;
using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Http.Benchmarking;

/// <summary>What a benchmark has measured. As text it is a table for people.</summary>
public sealed record BenchmarkReport
{
    /// <summary>Where the requests went.</summary>
    public required Uri Url { get; init; }

    /// <summary>What was asked for.</summary>
    public required BenchmarkOptions Options { get; init; }

    /// <summary>From the start to the end of the last request.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Requests that were sent, whatever came of them.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests of an open loop that were not sent: too many waited, or the end had come.</summary>
    public required long Missed { get; init; }

    /// <summary>Whole answers a second.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>
    /// From the time at which a request was meant to start to the end of its answer. Answers of any status count, and
    /// what was given up counts with the time until then.
    /// </summary>
    public required BenchmarkTimes Latency { get; init; }

    /// <summary>From the same time to the first byte of the answer.</summary>
    public required BenchmarkTimes FirstByte { get; init; }

    /// <summary>
    /// Of an open loop: how late the benchmark itself began requests that had somebody free to make them.
    /// </summary>
    public required BenchmarkTimes Lateness { get; init; }

    /// <summary>To open a connection, with TLS and WebSocket handshake; not known of HTTP/2.</summary>
    public required BenchmarkTimes Connect { get; init; }

    /// <summary>
    /// Connections that were opened a second, all at the start or one for each request; null: not known.
    /// </summary>
    public required double? ConnectsPerSecond { get; init; }

    /// <summary>Answers by the hundreds of their status, <c>2xx</c>.</summary>
    public required IReadOnlyDictionary<string, long> Statuses { get; init; }

    /// <summary>
    /// What failed: <c>connect</c>, <c>tls</c>, <c>reset</c>, <c>timeout</c>, <c>protocol</c>, and the statuses
    /// <c>4xx</c> and <c>5xx</c>; only what happened.
    /// </summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>
    /// Bytes of answers: over HTTP/1.1 with their heads and framing, over HTTP/2 and WebSockets of bodies and messages.
    /// </summary>
    public required long BytesIn { get; init; }

    /// <summary>The same of requests.</summary>
    public required long BytesOut { get; init; }

    /// <summary>Of event streams; null: there were none.</summary>
    public required BenchmarkStreams? Streams { get; init; }

    /// <summary>Whether anything went wrong: errors, missed requests, truncated streams.</summary>
    public bool HasErrors => Errors.Count > 0 || Missed > 0 || Streams is { Truncated: > 0 };

    /// <summary>A table for people.</summary>
    public override string ToString() => ReportText.Of(this);

    /// <summary>As one JSON object; times are in milliseconds.</summary>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ReportJson.Write(this, writer);
    }

    internal static BenchmarkReport Of(LoadTarget target, Recorder all, long missed, TimeSpan opened)
    {
        var elapsed = new TimeSpan(Math.Max(1, all.LastEnd));
        var connecting = target.Options.NewConnections ? elapsed : opened;
        return new()
        {
            Url = target.Url,
            Options = target.Options,
            Elapsed = elapsed,
            Requests = all.Failures.Sum(),
            Missed = missed,
            RequestsPerSecond = all.Failures[(int)Failure.None] / elapsed.TotalSeconds,
            Latency = BenchmarkTimes.Of(all.Latency),
            FirstByte = BenchmarkTimes.Of(all.FirstByte),
            Lateness = BenchmarkTimes.Of(all.Lateness),
            Connect = BenchmarkTimes.Of(all.Connect),
            ConnectsPerSecond = connecting > TimeSpan.Zero ? all.Connect.Count / connecting.TotalSeconds : null,
            Statuses = StatusesOf(all),
            Errors = ErrorsOf(all),
            BytesIn = all.BytesIn,
            BytesOut = all.BytesOut,
            Streams = all.Streams == 0 ? null : new()
            {
                Count = all.Streams,
                Truncated = all.TruncatedStreams,
                Events = all.Events,
                FirstEvent = BenchmarkTimes.Of(all.FirstEvent),
                Gaps = BenchmarkTimes.Of(all.Gaps),
            },
        };
    }

    private static Dictionary<string, long> StatusesOf(Recorder all) => Enumerable.Range(1, 9)
        .Where(hundreds => all.Statuses[hundreds] > 0)
        .ToDictionary(hundreds => $"{hundreds}xx", hundreds => all.Statuses[hundreds], StringComparer.Ordinal);

    private static Dictionary<string, long> ErrorsOf(Recorder all)
    {
        var errors = Enum.GetValues<Failure>().Where(kind => kind != Failure.None && all.Failures[(int)kind] > 0)
            .ToDictionary(
                kind => kind.ToString().ToLowerInvariant(), kind => all.Failures[(int)kind], StringComparer.Ordinal);
        foreach (var (hundreds, count) in StatusesOf(all).Where(pair => pair.Key[0] >= '4'))
        {
            errors.Add(hundreds, count);
        }

        return errors;
    }
}

/// <summary>Of event streams.</summary>
public sealed record BenchmarkStreams
{
    /// <summary>Answers that were event streams.</summary>
    public required long Count { get; init; }

    /// <summary>Those that broke off, or ended inside of an event.</summary>
    public required long Truncated { get; init; }

    /// <summary>Events with data.</summary>
    public required long Events { get; init; }

    /// <summary>From the time at which the request was meant to start to the end of its first event.</summary>
    public required BenchmarkTimes FirstEvent { get; init; }

    /// <summary>From one event of a stream to the next.</summary>
    public required BenchmarkTimes Gaps { get; init; }
}

/// <summary>How long something took, many times over. Percentiles are told to 0.4 %.</summary>
public sealed record BenchmarkTimes
{
    /// <summary>How many times; the others are zero without any.</summary>
    public required long Count { get; init; }

    /// <summary>Arithmetic mean.</summary>
    public required TimeSpan Mean { get; init; }

    /// <summary>Standard deviation.</summary>
    public required TimeSpan Deviation { get; init; }

    /// <summary>Half took no longer.</summary>
    public required TimeSpan P50 { get; init; }

    /// <summary>90 % took no longer.</summary>
    public required TimeSpan P90 { get; init; }

    /// <summary>95 % took no longer.</summary>
    public required TimeSpan P95 { get; init; }

    /// <summary>99 % took no longer.</summary>
    public required TimeSpan P99 { get; init; }

    /// <summary>99.9 % took no longer.</summary>
    public required TimeSpan P999 { get; init; }

    /// <summary>The longest.</summary>
    public required TimeSpan Max { get; init; }

    internal static BenchmarkTimes Of(LatencyHistogram times) => new()
    {
        Count = times.Count,
        Mean = new TimeSpan((long)Math.Round(times.Mean)),
        Deviation = new TimeSpan((long)Math.Round(times.Deviation)),
        P50 = new TimeSpan(times.Percentile(50)),
        P90 = new TimeSpan(times.Percentile(90)),
        P95 = new TimeSpan(times.Percentile(95)),
        P99 = new TimeSpan(times.Percentile(99)),
        P999 = new TimeSpan(times.Percentile(99.9)),
        Max = new TimeSpan(times.Max),
    };
}
