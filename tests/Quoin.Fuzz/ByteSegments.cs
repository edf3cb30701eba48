using System.Buffers;

namespace Quoin.Fuzz;

/// <summary>Bytes in pieces, as a pipe gives them.</summary>
internal sealed class ByteSegments : ReadOnlySequenceSegment<byte>
{
    private ByteSegments(ReadOnlyMemory<byte> bytes, long before)
    {
        Memory = bytes;
        RunningIndex = before;
    }

    /// <summary>Cut at these places, with an empty piece after each.</summary>
    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, params int[] places)
    {
        var first = new ByteSegments(default, 0);
        var last = first;
        var start = 0;
        foreach (var place in places.Append(bytes.Length))
        {
            last = last.Append(bytes[start..place]).Append(default);
            start = place;
        }

        return new(first, 0, last, 0);
    }

    /// <summary>In pieces of one length.</summary>
    public static ReadOnlySequence<byte> CutEvery(ReadOnlyMemory<byte> bytes, int length) =>
        Cut(bytes, [.. Enumerable.Range(1, Math.Max(bytes.Length - 1, 0) / length).Select(i => i * length)]);

    private ByteSegments Append(ReadOnlyMemory<byte> bytes)
    {
        var next = new ByteSegments(bytes, RunningIndex + Memory.Length);
        Next = next;
        return next;
    }
}
