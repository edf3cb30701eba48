using System.IO.Compression;

namespace Quoin.Http.WebSockets.Compression;

/// <summary>How decompressing a message ended.</summary>
internal enum Inflated
{
    Whole,
    Broken,
    TooBig,
}

/// <summary>
/// Decompresses whole messages (RFC 7692 §7.2.2), each for itself: neither side keeps a window from message to message.
/// The tail that senders leave out is put back, and after it an empty last block: only a stream that is sound gets to
/// that block's end, one that was cut asks for more.
/// </summary>
internal static class MessageInflater
{
    /// <summary>The end of a flush, which is not sent, and an empty last block with fixed codes.</summary>
    private static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF, 0x03, 0x00];

    private const int Step = 4096;

    /// <summary>Puts what the message says in its place.</summary>
    public static Inflated Inflate(PooledBytes message, int most)
    {
        Tail.CopyTo(message.Add(Tail.Length));
        var (array, count) = message.Detach();
        try
        {
            using var source = new Source(array, count);
            using var inflater = new DeflateStream(source, CompressionMode.Decompress);
            while (true)
            {
                var read = inflater.Read(message.GetSpan(Step));
                if (read == 0)
                {
                    return source.AskedForMore ? Inflated.Broken : Inflated.Whole;
                }

                message.Advance(read);
                if (message.Count > most)
                {
                    return Inflated.TooBig;
                }
            }
        }
        catch (InvalidDataException)
        {
            return Inflated.Broken;
        }
        finally
        {
            PooledBytes.Return(array);
        }
    }

    /// <summary>Knows whether a reader wanted bytes that there are not.</summary>
    private sealed class Source(byte[] array, int count) : MemoryStream(array, 0, count, writable: false)
    {
        public bool AskedForMore { get; private set; }

        public override int Read(byte[] buffer, int offset, int count) => Note(base.Read(buffer, offset, count));

        public override int Read(Span<byte> buffer) => Note(base.Read(buffer));

        private int Note(int read)
        {
            AskedForMore |= read == 0;
            return read;
        }
    }
}
