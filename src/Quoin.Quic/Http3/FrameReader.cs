using System.Buffers;
using System.IO.Pipelines;

namespace Quoin.Quic.Http3;

/// <summary>Reads the frames of one stream (RFC 9114, 7.1): integers of QUIC, and payloads of bounded length.</summary>
internal sealed class FrameReader(PipeReader reader)
{
    /// <summary>An integer of 1, 2, 4 or 8 bytes (RFC 9000, 16); null: the stream has ended before it.</summary>
    public async ValueTask<long?> ReadIntegerAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (TryReadInteger(read.Buffer, out var value, out var length))
            {
                reader.AdvanceTo(read.Buffer.GetPosition(length));
                return value;
            }

            var empty = read.Buffer.IsEmpty;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return empty ? null : throw new Http3Exception("a stream has ended inside of an integer");
            }
        }
    }

    /// <summary>So many bytes in one piece.</summary>
    public async ValueTask<byte[]> ReadPayloadAsync(long length, int most, CancellationToken cancellationToken)
    {
        if (length > most)
        {
            throw new Http3Exception($"a frame of {length} bytes is longer than {most}");
        }

        var read = length == 0 ? default : await reader.ReadAtLeastAsync((int)length, cancellationToken);
        if (read.Buffer.Length < length)
        {
            reader.AdvanceTo(read.Buffer.End);
            throw new Http3Exception("a stream has ended inside of a frame");
        }

        if (length == 0)
        {
            return [];
        }

        var payload = read.Buffer.Slice(0, length).ToArray();
        reader.AdvanceTo(read.Buffer.GetPosition(length));
        return payload;
    }

    /// <summary>What there is of a payload, at most what fits.</summary>
    public async ValueTask<int> ReadSomeAsync(Memory<byte> target, long left, CancellationToken cancellationToken)
    {
        var read = await reader.ReadAsync(cancellationToken);
        var count = (int)Math.Min(Math.Min(left, target.Length), read.Buffer.Length);
        read.Buffer.Slice(0, count).CopyTo(target.Span);
        reader.AdvanceTo(read.Buffer.GetPosition(count));
        return count > 0 || target.Length == 0 || !read.IsCompleted
            ? count
            : throw new Http3Exception("a stream has ended inside of a frame");
    }

    public async ValueTask SkipAsync(long length, CancellationToken cancellationToken)
    {
        if (length > Http3Limits.SkippedBytes)
        {
            throw new Http3Exception($"a frame of {length} bytes that nobody knows");
        }

        while (length > 0)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var count = Math.Min(length, read.Buffer.Length);
            reader.AdvanceTo(read.Buffer.GetPosition(count));
            length -= count;
            if (length > 0 && read.IsCompleted)
            {
                throw new Http3Exception("a stream has ended inside of a frame");
            }
        }
    }

    private static bool TryReadInteger(ReadOnlySequence<byte> buffer, out long value, out int length)
    {
        value = 0;
        length = 0;
        if (buffer.IsEmpty)
        {
            return false;
        }

        length = 1 << (buffer.FirstSpan[0] >> 6);
        if (buffer.Length < length)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[8];
        buffer.Slice(0, length).CopyTo(bytes);
        value = bytes[0] & 0x3f;
        for (var i = 1; i < length; i++)
        {
            value = (value << 8) | bytes[i];
        }

        return true;
    }
}
