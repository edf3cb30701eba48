namespace Quoin.Quic.Http3;

/// <summary>Bounds of the HTTP/3 client, with their reason.</summary>
internal static class Http3Limits
{
    /// <summary>A block of header fields, packed or not: as much as servers take of requests.</summary>
    public const int HeaderBytes = 65_536;

    /// <summary>Fields of a block.</summary>
    public const int Fields = 1_000;

    /// <summary>A frame on the control stream: settings have a few dozen bytes.</summary>
    public const int ControlFrameBytes = 4_096;

    /// <summary>
    /// A frame that is not known is skipped; one longer than this is a fault rather than an extension.
    /// </summary>
    public const long SkippedBytes = 1 << 20;
}
