namespace Quoin.Quic.Kestrel;

/// <summary>
/// Kestrel begins a graceful stop with a GOAWAY frame that names stream 2^62-1. That cannot be a request's, for its two
/// lowest bits have to be 0 (RFC 9114, 5.2), and strict clients close the connection with H3_ID_ERROR and lose what is
/// under way. The largest id that can be one is 2^62-4.
/// </summary>
internal static class GoAwayFrame
{
    // Type 7, length 8, and the id as an integer of 8 bytes.
    private static ReadOnlySpan<byte> Wrong => [7, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    private const byte LastByte = 0xfc;

    public static void Correct(Span<byte> written)
    {
        if (written.SequenceEqual(Wrong))
        {
            written[^1] = LastByte;
        }
    }
}
