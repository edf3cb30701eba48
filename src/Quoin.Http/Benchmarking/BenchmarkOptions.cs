using System.Globalization;
using System.Net;
using Quoin.Quic;

namespace Quoin.Http.Benchmarking;

/// <summary>When the requests of an open loop are meant to start.</summary>
public enum BenchmarkArrivals
{
    /// <summary>Equally far apart.</summary>
    Constant,

    /// <summary>
    /// As independent users come: with exponentially distributed gaps, from <see cref="BenchmarkOptions.Seed"/>.
    /// </summary>
    Poisson,
}

/// <summary>What is sent, how much of it, and how much at a time.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>HTTP method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Headers beside Host, Content-Length and Connection, which the benchmark writes itself.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body of each request; with <see cref="WebSocket"/> the message. 0..67108864 bytes.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// Ends after so many requests. Null: <see cref="Duration"/> alone says when. 1..1000000000000.
    /// </summary>
    public long? Requests { get; init; }

    /// <summary>
    /// No request is meant to start after it. Null: 10 s without <see cref="Requests"/>, else no limit. 1 ms..1 d.
    /// </summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>
    /// Requests under way at a time: over HTTP/1.1 and WebSockets, connections; over HTTP/2, streams. 1..10000.
    /// </summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>
    /// Requests a second, each with a time at which it is meant to start, whatever the answers do (open loop). Null:
    /// each starts when the one before it has ended (closed loop). 0.001..1000000.
    /// </summary>
    public double? Rate { get; init; }

    /// <summary>How the starts of an open loop are spread.</summary>
    public BenchmarkArrivals Arrivals { get; init; }

    /// <summary>Of <see cref="BenchmarkArrivals.Poisson"/>: equal seeds, equal starts.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>
    /// Requests of an open loop that may wait for one of <see cref="Concurrency"/>; the time counts as theirs. Further
    /// ones are not sent but told as missed. 1..10000000.
    /// </summary>
    public int MaxWaiting { get; init; } = 10_000;

    /// <summary>1.1, 2 (without TLS: with prior knowledge), or 3 where the platform has QUIC.</summary>
    public Version Http { get; init; } = HttpVersion.Version11;

    /// <summary>
    /// Connections of HTTP/2, among which the requests are spread. Null: one for each 32 of <see
    /// cref="Concurrency"/>. HTTP/1.1 has one for each request under way. 1..<see cref="Concurrency"/>.
    /// </summary>
    public int? Connections { get; init; }

    /// <summary>Each request over a connection of its own, TLS handshake included; HTTP/1.1 and WebSockets.</summary>
    public bool NewConnections { get; init; }

    /// <summary>
    /// Asks for <c>text/event-stream</c>, and takes any other answer for a fault. Without it an answer of that type is
    /// measured as a stream too.
    /// </summary>
    public bool ServerSentEvents { get; init; }

    /// <summary>A request is a message over an open WebSocket, and its answer the next one that comes back.</summary>
    public bool WebSocket { get; init; }

    /// <summary>
    /// Bytes of a message of <see cref="WebSocket"/> where no <see cref="Body"/> is given. 0..16777216.
    /// </summary>
    public int MessageBytes { get; init; } = 32;

    /// <summary>Takes any certificate.</summary>
    public bool Insecure { get; init; }

    /// <summary>A request that is not answered whole so long after it was sent is given up. 1 ms..1 h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of all times.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>All that is wrong.</summary>
    public IReadOnlyList<BenchmarkFault> Faults()
    {
        var faults = new List<BenchmarkFault>();
        Check(faults, nameof(Requests), Requests ?? 1, 1, 1_000_000_000_000);
        Check(faults, nameof(Concurrency), Concurrency, 1, BenchmarkLimits.Concurrency);
        Check(faults, nameof(MaxWaiting), MaxWaiting, 1, 10_000_000);
        Check(faults, nameof(Connections), Connections ?? 1, 1, Math.Max(1, Concurrency));
        Check(faults, nameof(MessageBytes), MessageBytes, 0, BenchmarkLimits.MessageBytes);
        var bodyBytes = WebSocket ? BenchmarkLimits.MessageBytes : BenchmarkLimits.BodyBytes;
        Check(faults, nameof(Body), Body.Length, 0, bodyBytes);
        Check(faults, nameof(Duration), Duration ?? TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), "1ms..1d");
        Check(faults, nameof(Timeout), Timeout, TimeSpan.FromHours(1), "1ms..1h");
        if (Rate is not (null or (>= 0.001 and <= 1_000_000)))
        {
            faults.Add(new(nameof(Rate), Rate.Value.ToString(CultureInfo.InvariantCulture), "0.001..1000000"));
        }

        CheckMethod(faults);
        CheckHeaders(faults);
        CheckProtocol(faults);
        return faults;
    }

    private void CheckMethod(List<BenchmarkFault> faults)
    {
        if (Method.Length is 0 or > 64 || !Method.All(HeaderText.IsTokenCharacter))
        {
            faults.Add(new(nameof(Method), Method, "a method such as GET"));
        }

        if (WebSocket && Method != "GET")
        {
            faults.Add(new(nameof(Method), Method, "GET, for WebSockets begin with it"));
        }
    }

    private void CheckHeaders(List<BenchmarkFault> faults)
    {
        foreach (var (name, value) in Headers)
        {
            if (name.Length == 0 || !name.All(HeaderText.IsTokenCharacter) || !value.All(HeaderText.IsValueCharacter))
            {
                faults.Add(new("Header", $"{name}: {value}", "Name: value, in ASCII without control characters"));
            }
            else if (HeaderText.IsFraming(name))
            {
                faults.Add(new("Header", name, "any but those that frame a message or say how to connect"));
            }
        }

        if (Headers.Sum(header => header.Key.Length + header.Value.Length + 4) > BenchmarkLimits.HeadBytes)
        {
            faults.Add(new("Header", "too many", $"{BenchmarkLimits.HeadBytes} bytes of all together"));
        }
    }

    private void CheckProtocol(List<BenchmarkFault> faults)
    {
        var multiplexed = Http.Major >= 2;
        if (Http != HttpVersion.Version11 && Http != HttpVersion.Version20 && Http != HttpVersion.Version30)
        {
            faults.Add(new(nameof(Http), Http.ToString(), "1.1, 2 or 3"));
        }
        else if (Http == HttpVersion.Version30 && QuicEndpoint.UnavailableReason is { } missing)
        {
            faults.Add(new(nameof(Http), "3", $"1.1 or 2: {missing}"));
        }

        if (multiplexed && WebSocket)
        {
            faults.Add(new(nameof(Http), Http.ToString(), "1.1 with WebSocket"));
        }

        if (multiplexed && NewConnections)
        {
            faults.Add(new(nameof(NewConnections), "set", "HTTP/1.1 or WebSocket with it"));
        }

        if (!multiplexed && Connections is { } connections)
        {
            faults.Add(new(
                nameof(Connections), connections.ToString(CultureInfo.InvariantCulture),
                "HTTP/2 with it; HTTP/1.1 has one for each of Concurrency"));
        }

        if (WebSocket && ServerSentEvents)
        {
            faults.Add(new(nameof(ServerSentEvents), "set", "not with WebSocket"));
        }
    }

    private static void Check(List<BenchmarkFault> faults, string name, long value, long least, long most)
    {
        if (value < least || value > most)
        {
            faults.Add(new(
                name, value.ToString(CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"{least}..{most}")));
        }
    }

    private static void Check(List<BenchmarkFault> faults, string name, TimeSpan value, TimeSpan most, string range)
    {
        if (value < TimeSpan.FromMilliseconds(1) || value > most)
        {
            faults.Add(new(
                name, value.TotalSeconds.ToString(CultureInfo.InvariantCulture) + " s", range));
        }
    }
}

/// <summary>An option that is wrong.</summary>
/// <param name="Name">Of the property of <see cref="BenchmarkOptions"/>, or <c>Url</c> or <c>Header</c>.</param>
/// <param name="Found">What it was.</param>
/// <param name="Accepted">What it may be.</param>
public sealed record BenchmarkFault(string Name, string Found, string Accepted)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Found}; accepted: {Accepted}";
}
