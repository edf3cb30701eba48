using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// System calls for UDP that .NET's sockets do not offer. Numbers are Linux's, the same on x86-64 and arm64.
/// </summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    public const int SocketDatagram = 2 | 0x800 /* SOCK_NONBLOCK */ | 0x80000 /* SOCK_CLOEXEC */;
    public const int SolSocket = 1;
    public const int ReusePort = 15;
    public const int ReceiveBuffer = 8;
    public const int SendBuffer = 7;
    public const int SolIp = 0;
    public const int SolIpv6 = 41;
    public const int SolUdp = 17;
    public const int IpTos = 1;
    public const int IpPacketInfo = 8;
    public const int IpMtuDiscover = 10;
    public const int IpReceiveTos = 13;
    public const int Ipv6MtuDiscover = 23;
    public const int Ipv6Only = 26;
    public const int Ipv6ReceivePacketInfo = 49;
    public const int Ipv6PacketInfo = 50;
    public const int Ipv6ReceiveTrafficClass = 66;
    public const int Ipv6TrafficClass = 67;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;

    /// <summary>Packets are not fragmented, and the kernel's own idea of the path's MTU is not obeyed.</summary>
    public const int MtuDiscoverProbe = 3;

    public const int EventNonBlocking = 0x80800;
    public const short PollIn = 1;
    public const short PollOut = 4;
    public const int ErrorAgain = 11;
    public const int ErrorInterrupted = 4;
    public const int ErrorNoBuffers = 105;
    public const int ErrorIo = 5;
    public const int ErrorInvalid = 22;
    public const int ErrorMessageSize = 90;

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, NativeAddress* address, uint length);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetName(int socket, NativeAddress* address, uint* length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int socket, int level, int name, int* value, uint length);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int socket, int level, int name, int* value, uint* length);

    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMany(int socket, MessageVector* messages, uint count, int flags, void* timeout);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint Send(int socket, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollItem* items, nuint count, TimeSpecification* timeout, void* signals);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFile(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int file, void* data, nuint length);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, void* data, nuint length);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c>: 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct mmsghdr</c>: 64 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageVector
    {
        public MessageHeader Header;
        public uint Length;
    }

    /// <summary><c>struct cmsghdr</c>: 16 bytes, the data after it, padded to 8.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollItem
    {
        public int File;
        public short Wanted;
        public short Found;
    }

    /// <summary><c>struct timespec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
