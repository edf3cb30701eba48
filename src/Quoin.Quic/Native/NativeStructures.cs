using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary><c>ngtcp2_cid</c>: 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCid
{
    public nuint Length;
    public fixed byte Data[20];

    [UnscopedRef]
    public Span<byte> Span => MemoryMarshal.CreateSpan(ref Data[0], (int)Math.Min(Length, 20));

    public static NativeCid From(ReadOnlySpan<byte> bytes)
    {
        var cid = new NativeCid { Length = (nuint)bytes.Length };
        bytes.CopyTo(cid.Span);
        return cid;
    }
}

/// <summary><c>ngtcp2_vec</c>: a run of bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeBytes
{
    public byte* Start;
    public nuint Length;
}

/// <summary><c>ngtcp2_addr</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAddressReference
{
    public byte* Address;
    public uint Length;
}

/// <summary><c>ngtcp2_path</c>: 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativePath
{
    public NativeAddressReference Local;
    public NativeAddressReference Remote;
    public void* UserData;
}

/// <summary><c>ngtcp2_pkt_info</c>: a 32-bit mark in 0.12 and an 8-bit one in 1.x, the same in little endian.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct NativePacketInfo
{
    public uint Ecn;
}

/// <summary><c>ngtcp2_version_cid</c>: 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVersionCid
{
    public uint Version;
    public byte* Destination;
    public nuint DestinationLength;
    public byte* Source;
    public nuint SourceLength;

    public readonly ReadOnlySpan<byte> DestinationId => new(Destination, (int)DestinationLength);

    public readonly ReadOnlySpan<byte> SourceId => new(Source, (int)SourceLength);
}

/// <summary><c>ngtcp2_pkt_hd</c>: 112 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 112)]
internal struct NativePacketHeader
{
    public NativeCid Destination;
    public NativeCid Source;
    public long PacketNumber;
    public NativeBytes Token;
    public nuint PacketNumberLength;
    public nuint Length;
    public uint Version;
    public byte Type;
    public byte Flags;
}

/// <summary><c>ngtcp2_connection_close_error</c>, <c>ngtcp2_ccerr</c> in 1.x: 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCloseError
{
    public int Type;
    public ulong Code;
    public ulong FrameType;
    public byte* Reason;
    public nuint ReasonLength;
}

/// <summary>
/// <c>ngtcp2_crypto_conn_ref</c>, with the connection behind it: the library reads only the first two.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeConnectionReference
{
    public delegate* unmanaged[Cdecl]<NativeConnectionReference*, nint> GetConnection;
    public nint Handle;
    public nint Connection;
}

/// <summary><c>gnutls_datum_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDatum
{
    public byte* Data;
    public uint Size;

    public readonly Span<byte> Span => new(Data, (int)Size);
}

/// <summary><c>gnutls_pcert_st</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeCertificate
{
    public nint PublicKey;
    public NativeDatum Bytes;
    public int Type;
}

/// <summary>An IPv4 or IPv6 socket address as the system and ngtcp2 have it; 28 bytes and the length in use.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAddress
{
    public const int Capacity = 28;
    public const ushort Inet = 2;
    public const ushort Inet6 = 10;

    public fixed byte Bytes[Capacity];
    public uint Length;

    public readonly ushort Family => Unsafe.ReadUnaligned<ushort>(ref Unsafe.AsRef(in Bytes[0]));

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Span =>
        MemoryMarshal.CreateReadOnlySpan(in Bytes[0], (int)Math.Min(Length, Capacity));

    /// <summary>An IPv4 address in the clothes of IPv6, as sockets for both have them.</summary>
    public readonly bool IsMapped => Family == Inet6 && Span.Slice(8, 12).SequenceEqual(MappedPrefix);

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    public static NativeAddress From(System.Net.IPEndPoint endpoint)
    {
        var address = default(NativeAddress);
        var bytes = new Span<byte>(address.Bytes, Capacity);
        var inet6 = endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        Unsafe.WriteUnaligned(ref bytes[0], inet6 ? Inet6 : Inet);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)endpoint.Port);
        endpoint.Address.TryWriteBytes(bytes[(inet6 ? 8 : 4)..], out _);
        if (inet6)
        {
            Unsafe.WriteUnaligned(ref bytes[24], (uint)endpoint.Address.ScopeId);
        }

        address.Length = inet6 ? 28u : 16u;
        return address;
    }

    public static NativeAddress From(byte* source, uint length)
    {
        var address = default(NativeAddress);
        address.Length = Math.Min(length, Capacity);
        new ReadOnlySpan<byte>(source, (int)address.Length).CopyTo(new Span<byte>(address.Bytes, Capacity));
        return address;
    }

    public readonly System.Net.IPEndPoint ToEndPoint()
    {
        var bytes = Span;
        var port = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (Family == Inet)
        {
            return new(new System.Net.IPAddress(bytes.Slice(4, 4)), port);
        }

        var scope = Unsafe.ReadUnaligned<uint>(ref Unsafe.AsRef(in bytes[24]));
        var address = new System.Net.IPAddress(bytes.Slice(8, 16), scope);
        return new(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }
}
