namespace Quoin.Quic.Native;

/// <summary>What has shown that a client receives at its address (RFC 9000, 8.1). The numbers are ngtcp2's.</summary>
internal enum AddressProof
{
    None = 0,

    /// <summary>The token of a Retry.</summary>
    Retry = 1,

    /// <summary>The token that an earlier connection was given (NEW_TOKEN).</summary>
    EarlierConnection = 2,
}
