using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>How the end of a body is known (RFC 9112 §6.3).</summary>
internal enum BodyFraming
{
    /// <summary>A length that was told, 0 included.</summary>
    Length,

    Chunked,

    /// <summary>The connection's end is the body's.</summary>
    UntilClose,
}

/// <summary>
/// Status line and fields of a response (RFC 9112 §4, §5), found in a buffer and left there: only their places are
/// kept. What could be read in two ways (folded lines, two lengths, a coding that is not chunked alone) is refused. A
/// lone LF ends a line, as §2.2 allows.
/// </summary>
internal sealed class Http1ResponseHead
{
    private static readonly SearchValues<byte> NameCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private Field[] _fields = new Field[16];
    private int _searched;
    private bool _hasLength;
    private bool _hasCoding;

    public int Status { get; private set; }

    public int FieldCount { get; private set; }

    public BodyFraming Framing { get; private set; }

    /// <summary>Bytes of the body, with <see cref="BodyFraming.Length"/>.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Whether the connection may be used again once the body is read.</summary>
    public bool KeepAlive { get; private set; }

    public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> head, int index) =>
        head.Slice(_fields[index].Name, _fields[index].NameLength);

    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> head, int index) =>
        head.Slice(_fields[index].Value, _fields[index].ValueLength);

    public void Reset() => _searched = 0;

    /// <summary>
    /// Reads a head at the front of the bytes, whose field names it turns to lower case. 0 while it is not whole, else
    /// its length.
    /// </summary>
    /// <exception cref="HttpIOException">It is no response head.</exception>
    public int Read(Span<byte> bytes)
    {
        var length = FindEnd(bytes);
        if (length == 0)
        {
            return bytes.Length < Http1Limits.HeadBytes ? 0 : throw Wrong("its head is too long");
        }

        (FieldCount, _hasLength, _hasCoding, ContentLength) = (0, false, false, 0);
        var line = NextLine(bytes[..length], 0, out var next);
        ReadStatusLine(line);
        for (var start = next; ; start = next)
        {
            line = NextLine(bytes[..length], start, out next);
            if (line.IsEmpty)
            {
                break;
            }

            ReadField(line, start);
        }

        Settle();
        return length;
    }

    /// <summary>The length of the bytes up to and with the first empty line, or 0.</summary>
    private int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var from = _searched;
        while (true)
        {
            var offset = bytes[from..].IndexOf((byte)'\n');
            if (offset < 0)
            {
                _searched = bytes.Length;
                return 0;
            }

            var feed = from + offset;
            var rest = bytes[(feed + 1)..];
            if (rest.StartsWith("\n"u8) || rest.StartsWith("\r\n"u8))
            {
                return feed + 1 + (rest[0] == '\n' ? 1 : 2);
            }

            if (rest.IsEmpty || (rest.Length == 1 && rest[0] == '\r'))
            {
                _searched = feed;
                return 0;
            }

            from = feed + 1;
        }
    }

    private static Span<byte> NextLine(Span<byte> head, int start, out int next)
    {
        var length = head[start..].IndexOf((byte)'\n');
        next = start + length + 1;
        var line = head.Slice(start, length);
        return line.EndsWith("\r"u8) ? line[..^1] : line;
    }

    private void ReadStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || !IsDigit(line[7]) || line[8] != ' '
            || !IsDigit(line[9]) || !IsDigit(line[10]) || !IsDigit(line[11]) || (line.Length > 12 && line[12] != ' '))
        {
            throw Wrong("its answer does not begin as HTTP/1.1 does");
        }

        KeepAlive = line[7] != '0';
        Status = ((line[9] - '0') * 100) + ((line[10] - '0') * 10) + line[11] - '0';
    }

    private void ReadField(Span<byte> line, int start)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(NameCharacters) || line.ContainsAny((byte)'\r', (byte)'\0'))
        {
            throw Wrong("a field of its head is malformed");
        }

        if (FieldCount == Http1Limits.HeadFields)
        {
            throw Wrong("its head has too many fields");
        }

        var name = line[..colon];
        Ascii.ToLowerInPlace(name, out _);
        var (valueStart, valueEnd) = (colon + 1, line.Length);
        while (valueStart < valueEnd && line[valueStart] is (byte)' ' or (byte)'\t')
        {
            valueStart++;
        }

        while (valueEnd > valueStart && line[valueEnd - 1] is (byte)' ' or (byte)'\t')
        {
            valueEnd--;
        }

        if (FieldCount == _fields.Length)
        {
            Array.Resize(ref _fields, _fields.Length * 2);
        }

        _fields[FieldCount++] = new Field(start, colon, start + valueStart, valueEnd - valueStart);
        Note(name, line[valueStart..valueEnd]);
    }

    /// <summary>Looks for the fields that frame the message.</summary>
    private void Note(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name.Length)
        {
            case 10 when name.SequenceEqual("connection"u8):
                KeepAlive = HasToken(value, "keep-alive"u8) || (KeepAlive && !HasToken(value, "close"u8));
                break;
            case 14 when name.SequenceEqual("content-length"u8):
                if (!Utf8Parser.TryParse(value, out long length, out var used) || used != value.Length
                    || !IsDigit(value[0]) || (_hasLength && length != ContentLength))
                {
                    throw Wrong("its Content-Length is no length");
                }

                (_hasLength, ContentLength) = (true, length);
                break;
            case 17 when name.SequenceEqual("transfer-encoding"u8):
                if (_hasCoding || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
                {
                    throw Wrong("its Transfer-Encoding is not chunked");
                }

                _hasCoding = true;
                break;
        }
    }

    private void Settle()
    {
        if (Status is < 200 or 204 or 304)
        {
            (Framing, ContentLength) = (BodyFraming.Length, 0);
        }
        else if (_hasCoding)
        {
            // A length beside it is not to be believed, nor what follows on such a connection.
            Framing = BodyFraming.Chunked;
            KeepAlive &= !_hasLength;
        }
        else
        {
            Framing = _hasLength ? BodyFraming.Length : BodyFraming.UntilClose;
            KeepAlive &= _hasLength;
        }
    }

    private static bool HasToken(ReadOnlySpan<byte> value, ReadOnlySpan<byte> token)
    {
        foreach (var range in value.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(value[range].Trim(" \t"u8), token))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsDigit(byte b) => b is >= (byte)'0' and <= (byte)'9';

    private static HttpIOException Wrong(string reason) => new(HttpRequestError.InvalidResponse, reason);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Field(int Name, int NameLength, int Value, int ValueLength);
}
