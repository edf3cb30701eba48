using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// Packets on their way to the kernel. A packet is written right into the buffer; packets of one length to one peer
/// become one run and one call (GSO), a shorter one ends its run. When the kernel takes no more, the rest stays and
/// nothing is written until the socket is writable: packets that were never sent are not lost packets. For one thread;
/// native memory freed by Dispose.
/// </summary>
internal sealed unsafe class DatagramBatch(UdpSocket socket) : IDisposable
{
    private const int Capacity = 4 * 65_536;
    private const int MaxRuns = 256;

    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(Capacity);
    private readonly Run[] _runs = new Run[MaxRuns];
    private int _count;
    private int _used;

    /// <summary>The kernel takes nothing: wait until the socket is writable.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Where a packet of up to so many bytes can be written; null while the kernel takes none.</summary>
    public byte* Reserve(int size)
    {
        if ((Capacity - _used < size || _count == MaxRuns) && !Flush())
        {
            return null;
        }

        return IsBlocked ? null : _buffer + _used;
    }

    /// <summary>A packet was written to where <see cref="Reserve"/> said.</summary>
    public void Add(int length, in NativeAddress remote, in NativeAddress local, uint ecn)
    {
        ref var last = ref _runs[Math.Max(0, _count - 1)];
        if (_count > 0 && last.Segment >= length && last.Length % last.Segment == 0 && last.Ecn == ecn
            && last.Length / last.Segment < QuicLimits.SendSegments && last.Length + length <= QuicLimits.SendBytes
            && last.Remote.Span.SequenceEqual(remote.Span) && last.Local.Span.SequenceEqual(local.Span))
        {
            last.Length += length;
        }
        else
        {
            _runs[_count++] = new Run
            {
                Start = _used,
                Length = length,
                Segment = length,
                Ecn = ecn,
                Remote = remote,
                Local = local,
            };
        }

        _used += length;
    }

    /// <summary>Hands everything to the kernel; false: it takes no more for now.</summary>
    public bool Flush()
    {
        var sent = 0;
        IsBlocked = false;
        while (sent < _count)
        {
            ref var run = ref _runs[sent];
            if (socket.Send(run.Remote, run.Local, _buffer + run.Start, run.Length, run.Segment, run.Ecn)
                == SendResult.Blocked)
            {
                IsBlocked = true;
                break;
            }

            sent++;
        }

        _runs.AsSpan(sent, _count - sent).CopyTo(_runs);
        _count -= sent;
        if (_count == 0)
        {
            _used = 0;
        }

        return !IsBlocked;
    }

    public void Dispose() => NativeMemory.Free(_buffer);

    [StructLayout(LayoutKind.Auto)]
    private struct Run
    {
        public int Start;
        public int Length;
        public int Segment;
        public uint Ecn;
        public NativeAddress Remote;
        public NativeAddress Local;
    }
}
