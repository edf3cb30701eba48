using System.IO.Compression;

namespace Quoin.Http.WebSockets.Compression;

/// <summary>
/// Compresses whole messages (RFC 7692 §7.2.1), each for itself: kept from message to message a window would cost each
/// connection about 300 KB.
/// </summary>
internal static class MessageDeflater
{
    /// <summary>The end of a flush, which is not sent.</summary>
    private const int TailBytes = 4;

    /// <summary>Returns false, with nothing of use in the target, where it gets no smaller by that.</summary>
    public static bool TryDeflate(ReadOnlySpan<byte> message, PooledBytes target)
    {
        using var sink = new Sink(target);
        using var deflater = new DeflateStream(sink, CompressionLevel.Fastest, leaveOpen: true);
        deflater.Write(message);
        deflater.Flush();

        // Disposing writes a last block, which belongs to no message.
        sink.Closed = true;
        target.Truncate(target.Count - TailBytes);
        return target.Count < message.Length;
    }

    private sealed class Sink(PooledBytes target) : Stream
    {
        public bool Closed { get; set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!Closed)
            {
                buffer.CopyTo(target.Add(buffer.Length));
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
