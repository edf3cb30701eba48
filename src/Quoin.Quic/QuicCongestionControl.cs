namespace Quoin.Quic;

/// <summary>How a sender finds out how much the network carries. The numbers are ngtcp2's.</summary>
public enum QuicCongestionControl
{
    /// <summary>RFC 9002: a loss halves the window, each round trip adds a packet.</summary>
    Reno = 0,

    /// <summary>RFC 9438: as Linux does for TCP; grows back faster on long paths.</summary>
    Cubic = 1,

    /// <summary>Measures the path's rate and delay, and is not slowed down by losses that are no congestion.</summary>
    Bbr = 2,
}
