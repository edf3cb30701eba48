using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Quoin.Http.Benchmarking.Exchanges;

/// <summary>What a client must know of the head of an HTTP/1.1 answer (RFC 9112).</summary>
[StructLayout(LayoutKind.Auto)]
internal struct AnswerHead
{
    public int Status { get; private set; }

    public bool KeepAlive { get; private set; }

    public bool IsChunked { get; private set; }

    public bool IsEventStream { get; private set; }

    /// <summary>Bytes of the body; null: to the end of the connection, unless chunked.</summary>
    public long? Length { get; private set; }

    /// <summary>Reads a head at the front of the bytes; false while it is not whole.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, string method, out AnswerHead head, out int length)
    {
        head = default;
        length = bytes.IndexOf("\r\n\r\n"u8) + 4;
        if (length < 4)
        {
            return bytes.Length < BenchmarkLimits.HeadBytes
                ? false
                : throw new InvalidDataException("the head of the answer is too long");
        }

        var rest = bytes[..(length - 2)];
        var end = rest.IndexOf("\r\n"u8);
        head.ReadStatusLine(rest[..end]);
        for (rest = rest[(end + 2)..]; !rest.IsEmpty; rest = rest[(end + 2)..])
        {
            end = rest.IndexOf("\r\n"u8);
            head.ReadField(rest[..end]);
        }

        if (method == "HEAD" || head.Status is < 200 or 204 or 304)
        {
            (head.Length, head.IsChunked) = (0, false);
        }
        else if (head.IsChunked)
        {
            head.Length = null;
        }

        return true;
    }

    private void ReadStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[8] != ' '
            || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var used) || used != 3 || status < 100)
        {
            throw new InvalidDataException("the answer does not begin as HTTP/1.1 does");
        }

        (Status, KeepAlive) = (status, line[7] != '0');
    }

    private void ReadField(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            throw new InvalidDataException("a field of the answer's head is malformed");
        }

        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        switch (colon)
        {
            case 10 when Ascii.EqualsIgnoreCase(name, "connection"u8):
                KeepAlive = !Ascii.EqualsIgnoreCase(value, "close"u8)
                    && (KeepAlive || Ascii.EqualsIgnoreCase(value, "keep-alive"u8));
                break;
            case 12 when Ascii.EqualsIgnoreCase(name, "content-type"u8):
                var type = "text/event-stream"u8;
                IsEventStream = value.Length >= type.Length && Ascii.EqualsIgnoreCase(value[..type.Length], type)
                    && (value.Length == type.Length || value[type.Length] is (byte)';' or (byte)' ');
                break;
            case 14 when Ascii.EqualsIgnoreCase(name, "content-length"u8):
                Length = Utf8Parser.TryParse(value, out long length, out var used) && used == value.Length
                    && length >= 0 && (Length is null || Length == length)
                    ? length
                    : throw new InvalidDataException("the Content-Length of the answer is none");
                break;
            case 17 when Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8):
                IsChunked = Ascii.EqualsIgnoreCase(value, "chunked"u8)
                    ? true
                    : throw new InvalidDataException("the Transfer-Encoding of the answer is not chunked");
                break;
        }
    }
}
