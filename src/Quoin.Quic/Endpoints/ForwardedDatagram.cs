using System.Buffers;
using Quoin.Quic.Native;

namespace Quoin.Quic.Endpoints;

/// <summary>
/// A datagram that the kernel gave to one loop and that belongs to another: the kernel chooses by addresses, and those
/// of a client change when it moves. A bounded number waits; what comes beyond it is lost, as in any network.
/// </summary>
internal sealed class ForwardedDatagram : ILoopWork
{
    private static int _waiting;

    private readonly EventLoop _loop;
    private readonly byte[] _bytes;
    private readonly int _length;
    private readonly NativeAddress _remote;
    private readonly NativeAddress _local;
    private readonly uint _ecn;

    private ForwardedDatagram(
        EventLoop loop, ReadOnlySpan<byte> data, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        (_loop, _length, _remote, _local, _ecn) = (loop, data.Length, remote, local, ecn);
        _bytes = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(_bytes);
    }

    public static void Post(
        EventLoop loop, ReadOnlySpan<byte> data, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        if (Interlocked.Increment(ref _waiting) > QuicLimits.ForwardedDatagrams)
        {
            Interlocked.Decrement(ref _waiting);
            return;
        }

        loop.Post(new ForwardedDatagram(loop, data, remote, local, ecn));
    }

    public unsafe void Run()
    {
        Interlocked.Decrement(ref _waiting);
        fixed (byte* data = _bytes)
        {
            _loop.Receive(data, _length, _remote, _local, _ecn);
        }

        ArrayPool<byte>.Shared.Return(_bytes);
    }
}
