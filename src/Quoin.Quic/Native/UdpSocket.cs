using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>What became of a datagram that was to be sent.</summary>
internal enum SendResult
{
    Sent,

    /// <summary>The socket's buffer is full: send again when it is writable.</summary>
    Blocked,

    /// <summary>The system does not take it: too large for the interface, or no way there. QUIC recovers.</summary>
    Dropped,
}

/// <summary>
/// A UDP socket that reads many datagrams in one call (recvmmsg, and GRO joins those of one sender) and sends many in
/// one (GSO). It tells at which address a datagram arrived and its ECN mark, and sends from that address. Memory: one
/// native block, made in the constructor, freed by Dispose, used by one thread, the loop's.
/// </summary>
internal sealed unsafe class UdpSocket : IDisposable
{
    private const int ControlBytes = 256;
    private const int SlotBytes = QuicLimits.ReceiveBytes + ControlBytes + NativeAddress.Capacity + 4;

    private readonly byte* _block;
    private readonly Libc.MessageVector* _messages;
    private readonly byte* _sendControl;
    private readonly bool _inet6;
    private bool _segmentation = true;

    private UdpSocket(int file, bool inet6, bool wildcard)
    {
        (File, _inet6, IsWildcard) = (file, inet6, wildcard);
        var heads = QuicLimits.ReceiveMessages * (sizeof(Libc.MessageVector) + sizeof(Libc.IoVector));
        var size = heads + ControlBytes + (QuicLimits.ReceiveMessages * SlotBytes);
        _block = (byte*)NativeMemory.AllocZeroed((nuint)size);
        _messages = (Libc.MessageVector*)_block;
        _sendControl = _block + heads;
    }

    public int File { get; private set; }

    /// <summary>
    /// It is bound to no address of its own, so each datagram tells where it arrived, and is answered from there. A
    /// client leaves the choice to the kernel.
    /// </summary>
    public bool IsWildcard { get; set; }

    /// <summary>Where it is bound, with the port that it got.</summary>
    public IPEndPoint LocalEndPoint
    {
        get
        {
            var address = default(NativeAddress);
            uint length = NativeAddress.Capacity;
            Check(Libc.GetName(File, &address, &length));
            address.Length = length;
            return address.ToEndPoint();
        }
    }

    /// <summary>What the kernel gave, of what was asked; it counts its own bookkeeping double.</summary>
    public int ReceiveBufferBytes => Option(Libc.SolSocket, Libc.ReceiveBuffer) / 2;

    /// <inheritdoc cref="ReceiveBufferBytes"/>
    public int SendBufferBytes => Option(Libc.SolSocket, Libc.SendBuffer) / 2;

    /// <exception cref="IOException">The address is taken, or not this machine's or user's.</exception>
    public static UdpSocket Bind(IPEndPoint endpoint, bool share, int receiveBufferBytes, int sendBufferBytes)
    {
        var inet6 = endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var file = Libc.Socket(inet6 ? NativeAddress.Inet6 : NativeAddress.Inet, Libc.SocketDatagram, 0);
        Check(file);
        var wildcard = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);
        var socket = new UdpSocket(file, inet6, wildcard);
        try
        {
            socket.Configure(endpoint, share, receiveBufferBytes, sendBufferBytes);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads what there is: the number of messages, 0 where there is none.</summary>
    public int Receive()
    {
        for (var i = 0; i < QuicLimits.ReceiveMessages; i++)
        {
            Prepare(i);
        }

        int count;
        do
        {
            count = Libc.ReceiveMany(File, _messages, QuicLimits.ReceiveMessages, 0, null);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);
        return Math.Max(count, 0);
    }

    /// <summary>One of the messages last read; its bytes stay until the next read.</summary>
    public ReceivedMessage Message(int index, in NativeAddress bound)
    {
        ref var header = ref _messages[index].Header;
        var message = new ReceivedMessage
        {
            Data = header.Vectors->Start,
            Length = (int)_messages[index].Length,
            SegmentLength = (int)_messages[index].Length,
            Remote = NativeAddress.From((byte*)header.Name, header.NameLength),
            Local = bound,
        };
        var offset = (nuint)0;
        while (offset + (nuint)sizeof(Libc.ControlHeader) <= header.ControlLength)
        {
            var control = (Libc.ControlHeader*)(header.Control + offset);
            if (control->Length < (nuint)sizeof(Libc.ControlHeader))
            {
                break;
            }

            ReadControl(control, ref message);
            offset += (control->Length + 7) & ~(nuint)7;
        }

        return message;
    }

    /// <summary>Sends datagrams that lie behind one another, all as long as the first but the last.</summary>
    /// <param name="local">From which address; used where the socket has none of its own.</param>
    public SendResult Send(
        in NativeAddress remote, in NativeAddress local, byte* data, int length, int segmentLength, uint ecn)
    {
        if (length <= segmentLength || _segmentation)
        {
            var result = SendOnce(remote, local, data, length, segmentLength, ecn, out var error);
            if (result != SendResult.Dropped || length <= segmentLength
                || error is not (Libc.ErrorInvalid or Libc.ErrorIo))
            {
                return result;
            }

            _segmentation = false;
        }

        // The interface cannot cut: one by one, and what does not fit the buffer is lost as on a full wire.
        var last = SendResult.Sent;
        for (var offset = 0; offset < length && last != SendResult.Blocked; offset += segmentLength)
        {
            last = SendOnce(remote, local, data + offset, Math.Min(segmentLength, length - offset), segmentLength, ecn,
                out _);
        }

        return last == SendResult.Blocked ? SendResult.Dropped : last;
    }

    public void Dispose()
    {
        if (File >= 0)
        {
            _ = Libc.Close(File);
            File = -1;
            NativeMemory.Free(_block);
        }
    }

    private SendResult SendOnce(in NativeAddress remote, in NativeAddress local, byte* data, int length,
        int segmentLength, uint ecn, out int error)
    {
        fixed (byte* name = remote.Bytes)
        {
            var vector = new Libc.IoVector { Start = data, Length = (nuint)length };
            var header = new Libc.MessageHeader
            {
                Name = name,
                NameLength = remote.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = _sendControl,
                ControlLength = WriteControl(remote, local, length > segmentLength ? segmentLength : 0, ecn),
            };
            while (Libc.Send(File, &header, 0) < 0)
            {
                error = Marshal.GetLastPInvokeError();
                if (error != Libc.ErrorInterrupted)
                {
                    return error is Libc.ErrorAgain or Libc.ErrorNoBuffers ? SendResult.Blocked : SendResult.Dropped;
                }
            }
        }

        error = 0;
        return SendResult.Sent;
    }

    private nuint WriteControl(in NativeAddress remote, in NativeAddress local, int segmentLength, uint ecn)
    {
        nuint length = 0;
        if (IsWildcard && !IsUnspecified(local))
        {
            if (_inet6)
            {
                var info = Add(ref length, Libc.SolIpv6, Libc.Ipv6PacketInfo, 20);
                local.Span.Slice(8, 16).CopyTo(info);
                info[16..].Clear();
            }
            else
            {
                var info = Add(ref length, Libc.SolIp, Libc.IpPacketInfo, 12);
                info.Clear();
                local.Span.Slice(4, 4).CopyTo(info[4..]);
            }
        }

        if (ecn != 0)
        {
            var plain = !_inet6 || remote.IsMapped;
            var mark = Add(ref length, plain ? Libc.SolIp : Libc.SolIpv6,
                plain ? Libc.IpTos : Libc.Ipv6TrafficClass, 4);
            BitConverter.TryWriteBytes(mark, (int)ecn);
        }

        if (segmentLength > 0)
        {
            BitConverter.TryWriteBytes(Add(ref length, Libc.SolUdp, Libc.UdpSegment, 2), (ushort)segmentLength);
        }

        return length;
    }

    private Span<byte> Add(ref nuint length, int level, int type, int size)
    {
        var control = (Libc.ControlHeader*)(_sendControl + length);
        control->Length = (nuint)(sizeof(Libc.ControlHeader) + size);
        control->Level = level;
        control->Type = type;
        length += (control->Length + 7) & ~(nuint)7;
        return new Span<byte>((byte*)control + sizeof(Libc.ControlHeader), size);
    }

    private bool IsUnspecified(in NativeAddress local) => _inet6
        ? local.Length < 24 || local.Span.Slice(8, 16).IndexOfAnyExcept((byte)0) < 0
        : local.Length < 8 || local.Span.Slice(4, 4).IndexOfAnyExcept((byte)0) < 0;

    private void ReadControl(Libc.ControlHeader* control, ref ReceivedMessage message)
    {
        var data = (byte*)control + sizeof(Libc.ControlHeader);
        switch (control->Level, control->Type)
        {
            case (Libc.SolUdp, Libc.UdpGro):
                message.SegmentLength = Math.Max(1, *(int*)data);
                break;
            case (Libc.SolIp, Libc.IpTos):
                message.Ecn = (uint)(*data & 3);
                break;
            case (Libc.SolIpv6, Libc.Ipv6TrafficClass):
                message.Ecn = (uint)(*(int*)data & 3);
                break;
            case (Libc.SolIp, Libc.IpPacketInfo) when !_inet6 && IsWildcard:
                new ReadOnlySpan<byte>(data + 8, 4).CopyTo(message.LocalBytes.Slice(4, 4));
                break;
            case (Libc.SolIpv6, Libc.Ipv6PacketInfo) when _inet6 && IsWildcard:
                new ReadOnlySpan<byte>(data, 16).CopyTo(message.LocalBytes.Slice(8, 16));
                break;
            default:
                break;
        }
    }

    private void Prepare(int index)
    {
        var vectors = (Libc.IoVector*)(_messages + QuicLimits.ReceiveMessages);
        var slot = _sendControl + ControlBytes + ((nint)index * SlotBytes);
        vectors[index] = new Libc.IoVector { Start = slot, Length = QuicLimits.ReceiveBytes };
        _messages[index].Header = new Libc.MessageHeader
        {
            Control = slot + QuicLimits.ReceiveBytes,
            ControlLength = ControlBytes,
            Name = slot + QuicLimits.ReceiveBytes + ControlBytes,
            NameLength = NativeAddress.Capacity,
            Vectors = vectors + index,
            VectorCount = 1,
        };
    }

    private void Configure(IPEndPoint endpoint, bool share, int receiveBufferBytes, int sendBufferBytes)
    {
        if (share)
        {
            Check(Set(Libc.SolSocket, Libc.ReusePort, 1));
        }

        // The kernel caps these without an error; what it gave is read back.
        Set(Libc.SolSocket, Libc.ReceiveBuffer, receiveBufferBytes);
        Set(Libc.SolSocket, Libc.SendBuffer, sendBufferBytes);
        if (_inet6)
        {
            Check(Set(Libc.SolIpv6, Libc.Ipv6Only, endpoint.Address.Equals(IPAddress.IPv6Any) ? 0 : 1));
            Set(Libc.SolIpv6, Libc.Ipv6ReceivePacketInfo, 1);
            Set(Libc.SolIpv6, Libc.Ipv6ReceiveTrafficClass, 1);
            Set(Libc.SolIpv6, Libc.Ipv6MtuDiscover, Libc.MtuDiscoverProbe);
        }

        // A socket for both families takes these for its IPv4 side; one for IPv6 alone refuses, and needs none.
        Set(Libc.SolIp, Libc.IpPacketInfo, 1);
        Set(Libc.SolIp, Libc.IpReceiveTos, 1);
        Set(Libc.SolIp, Libc.IpMtuDiscover, Libc.MtuDiscoverProbe);
        Set(Libc.SolUdp, Libc.UdpGro, 1);
        var address = NativeAddress.From(endpoint);
        Check(Libc.Bind(File, &address, address.Length));
    }

    private int Set(int level, int name, int value) => Libc.SetOption(File, level, name, &value, sizeof(int));

    private int Option(int level, int name)
    {
        var value = 0;
        uint length = sizeof(int);
        Check(Libc.GetOption(File, level, name, &value, &length));
        return value;
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException(new Win32Exception(error).Message, new System.Net.Sockets.SocketException(error));
        }
    }
}

/// <summary>Datagrams of one sender as the kernel hands them over: all of one length but the last.</summary>
[StructLayout(LayoutKind.Auto)]
internal unsafe struct ReceivedMessage
{
    public byte* Data;
    public int Length;
    public int SegmentLength;
    public NativeAddress Remote;
    public NativeAddress Local;
    public uint Ecn;

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public Span<byte> LocalBytes => MemoryMarshal.CreateSpan(ref Local.Bytes[0], NativeAddress.Capacity);
}
