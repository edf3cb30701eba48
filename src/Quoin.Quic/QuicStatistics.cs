namespace Quoin.Quic;

/// <summary>How a connection fares now.</summary>
public sealed record QuicStatistics
{
    /// <summary>Smoothed round-trip time.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>The smallest round-trip time seen.</summary>
    public TimeSpan MinRoundTrip { get; init; }

    /// <summary>Bytes that may be on the way.</summary>
    public long CongestionWindow { get; init; }

    /// <summary>
    /// Where the window stops doubling; null: it has not been cut yet, so nothing was taken for lost.
    /// </summary>
    public long? SlowStartThreshold { get; init; }

    /// <summary>Bytes on the way.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>Largest UDP payload that the path is known to carry.</summary>
    public int UdpPayload { get; init; }

    /// <summary>Datagrams received.</summary>
    public long PacketsReceived { get; init; }

    /// <summary>Streams open now.</summary>
    public int Streams { get; init; }
}
