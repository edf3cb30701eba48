namespace Quoin.Quic.Native;

/// <summary>
/// Errors of ngtcp2. Both versions have the same ones in the same order; 0.12 has holes in its numbering, 1.x counts
/// them through from -201.
/// </summary>
internal static class NativeError
{
    // First: the fields below it are computed from it.
    private static readonly int[] Order =
    [
        -201, -203, -205, -206, -207, -208, -209, -210, -211, -212, -213, -214, -215, -216, -217, -218, -219, -220,
        -221, -222, -226, -229, -230, -231, -234, -235, -237, -238, -239, -240, -241, -242, -243, -244, -245, -246,
        -247, -248,
    ];

    public static readonly int StreamIdBlocked = Number(-208);
    public static readonly int StreamDataBlocked = Number(-210);
    public static readonly int Crypto = Number(-215);
    public static readonly int StreamShutWrite = Number(-221);
    public static readonly int StreamNotFound = Number(-222);
    public static readonly int RecvVersionNegotiation = Number(-229);
    public static readonly int Closing = Number(-230);
    public static readonly int Draining = Number(-231);
    public static readonly int WriteMore = Number(-240);
    public static readonly int Retry = Number(-241);
    public static readonly int DropConnection = Number(-242);
    public static readonly int VersionNegotiation = Number(-245);
    public static readonly int HandshakeTimeout = Number(-246);
    public static readonly int IdleClose = Number(-248);
    public static readonly int InvalidArgument = Number(-201);
    public static readonly int InvalidState = Number(-206);

    /// <summary>The same number in both.</summary>
    public const int CallbackFailure = -502;

    /// <summary>The number in 1.x of an error that has this one in 0.12.</summary>
    public static int InVersion1(int number) => -201 - Array.IndexOf(Order, number);

    private static int Number(int number) => QuicLibrary.Layout.IsVersion1 ? InVersion1(number) : number;
}
