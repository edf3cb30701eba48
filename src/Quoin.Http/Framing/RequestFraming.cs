using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Quoin.Http.Framing;

/// <summary>
/// Follows the HTTP/1 requests of a connection byte by byte, and finds what two readers could understand differently
/// (RFC 9112 §11.2, request smuggling): where a header ends, how long a body is, where a chunk begins. It judges
/// framing alone; what a request means is its server's affair.
/// <code>
/// start line → header lines → end of head → Content-Length bytes ─────────────────────┐→ start line
///                                         → chunk line → data → CRLF … → trailer lines ┘
/// </code>
/// Lines are judged when they are whole; a chunk's line byte by byte, for its reader may take it so. After a fault
/// nothing more is read.
/// </summary>
internal sealed class RequestFraming
{
    private static readonly byte[][] StandardMethods =
    [
        [.. "GET"u8], [.. "HEAD"u8], [.. "POST"u8], [.. "PUT"u8], [.. "DELETE"u8], [.. "CONNECT"u8], [.. "OPTIONS"u8],
        [.. "TRACE"u8], [.. "PATCH"u8],
    ];

    private readonly ChunkLine _chunk = new();
    private Part _part;
    private long _left;
    private int _chunkEnd;
    private bool _http10;
    private bool _chunked;
    private long? _contentLength;

    private enum Part
    {
        Start,
        Headers,
        Body,
        ChunkLine,
        ChunkData,
        ChunkEnd,
        Trailers,
        Off,
    }

    /// <summary>What is wrong, for the log; null while nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>Bytes that were judged of the request that has not ended.</summary>
    public long Begun { get; private set; }

    /// <summary>What follows is no HTTP/1 any more: a connection that was upgraded.</summary>
    public void Stop() => _part = Part.Off;

    /// <summary>
    /// Reads on; returns how many bytes were judged. The rest is the begin of a line, and is to be given again when
    /// more has come.
    /// </summary>
    public long Read(in ReadOnlySequence<byte> bytes)
    {
        var rest = bytes;
        while (!rest.IsEmpty && Fault is null)
        {
            SkipEmptySegments(ref rest);
            var judged = _part switch
            {
                Part.Start => ReadStart(rest),
                Part.Headers or Part.Trailers => ReadLine(rest),
                Part.Body or Part.ChunkData => Skip(rest.Length),
                Part.ChunkLine => ReadChunkLine(rest.FirstSpan),
                Part.ChunkEnd => ReadChunkEnd(rest.FirstSpan[0]),
                _ => rest.Length,
            };
            if (judged == 0)
            {
                break;
            }

            rest = rest.Slice(judged);
            Begun = _part == Part.Start ? 0 : Begun + judged;
        }

        return bytes.Length - rest.Length;
    }

    private static void SkipEmptySegments(ref ReadOnlySequence<byte> bytes)
    {
        var next = bytes.Start;
        while (bytes.FirstSpan.IsEmpty && bytes.TryGet(ref next, out _))
        {
            bytes = bytes.Slice(next);
        }
    }

    /// <summary>Empty lines before a request are passed over (RFC 9112 §2.2).</summary>
    private long ReadStart(in ReadOnlySequence<byte> bytes) =>
        bytes.FirstSpan[0] is (byte)'\r' or (byte)'\n' ? 1 : ReadLine(bytes);

    private long ReadLine(in ReadOnlySequence<byte> bytes)
    {
        var span = bytes.FirstSpan;
        var length = span.IndexOf((byte)'\n');
        if (length >= 0)
        {
            JudgeLine(span[..length]);
            return length + 1;
        }

        if (bytes.IsSingleSegment || bytes.PositionOf((byte)'\n') is not { } end)
        {
            return 0;
        }

        var line = bytes.Slice(0, end);
        JudgeLine(line.ToArray());
        return line.Length + 1;
    }

    private void JudgeLine(ReadOnlySpan<byte> line)
    {
        if (line is not [.. var text, (byte)'\r'])
        {
            Fault = "a line ends with LF alone; accepted: CR LF";
            return;
        }

        switch (_part)
        {
            case Part.Start:
                JudgeStart(text);
                break;
            case Part.Headers when text.IsEmpty:
                EndHead();
                break;
            case Part.Trailers when text.IsEmpty:
                _part = Part.Start;
                break;
            default:
                JudgeHeader(text);
                break;
        }
    }

    private void JudgeStart(ReadOnlySpan<byte> line)
    {
        var method = line.IndexOf((byte)' ');
        if (method is <= 0 or > HttpLimits.MethodBytes || line[..method].ContainsAnyExcept(FieldBytes.Token))
        {
            Fault = $"the method is none; accepted: a token of {HttpLimits.MethodBytes} bytes at most";
            return;
        }

        if (line[..method].ContainsAnyInRange((byte)'a', (byte)'z') && IsStandard(line[..method]))
        {
            Fault = "the method is in small letters, in which it is another one; accepted: in capitals";
            return;
        }

        var target = line[(method + 1)..];
        var version = target.IndexOf((byte)' ');
        if (version <= 0 || !target[(version + 1)..].StartsWith("HTTP/"u8) || target.ContainsAny(FieldBytes.Controls)
            || target[..version].Contains((byte)'\t') || target[(version + 1)..].ContainsAny(" \t"u8))
        {
            Fault = "the request line is not method SP target SP version";
            return;
        }

        _http10 = target[(version + 1)..].SequenceEqual("HTTP/1.0"u8);
        (_chunked, _contentLength) = (false, null);
        _part = Part.Headers;
    }

    /// <summary>
    /// In whatever letters: those of a method count (RFC 9110 §9.1), but not every reader counts them.
    /// </summary>
    private static bool IsStandard(ReadOnlySpan<byte> method)
    {
        foreach (var name in StandardMethods)
        {
            if (Ascii.EqualsIgnoreCase(method, name))
            {
                return true;
            }
        }

        return false;
    }

    private void JudgeHeader(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(FieldBytes.Token))
        {
            Fault = line[0] is (byte)' ' or (byte)'\t'
                ? "a header is folded; accepted: one line a header"
                : "a header's name is none; accepted: a token, and the colon right after it";
            return;
        }

        var value = line[(colon + 1)..];
        if (value.ContainsAny(FieldBytes.Controls))
        {
            Fault = "a header's value has control characters";
            return;
        }

        var name = line[..colon];
        if (name.Length == 14 && Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
        {
            JudgeContentLength(value.Trim(" \t"u8));
        }
        else if (name.Length == 17 && Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
        {
            JudgeTransferEncoding(value.Trim(" \t"u8));
        }
    }

    private void JudgeContentLength(ReadOnlySpan<byte> value)
    {
        if (_part == Part.Trailers || _contentLength is not null)
        {
            Fault = _part == Part.Trailers ? "Content-Length in a trailer" : "Content-Length twice";
        }
        else if (value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            || !Utf8Parser.TryParse(value, out long length, out var read) || read != value.Length)
        {
            Fault = "Content-Length is no number; accepted: digits";
        }
        else
        {
            _contentLength = length;
        }
    }

    private void JudgeTransferEncoding(ReadOnlySpan<byte> value)
    {
        if (_part == Part.Trailers || _chunked)
        {
            Fault = _part == Part.Trailers ? "Transfer-Encoding in a trailer" : "Transfer-Encoding twice";
        }
        else if (_http10 || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
        {
            Fault = _http10 ? "Transfer-Encoding with HTTP/1.0" : "Transfer-Encoding; accepted: chunked";
        }
        else
        {
            _chunked = true;
        }
    }

    private void EndHead()
    {
        if (_chunked && _contentLength is not null)
        {
            Fault = "Transfer-Encoding and Content-Length";
            return;
        }

        _left = _contentLength ?? 0;
        _part = _chunked ? Part.ChunkLine : _left > 0 ? Part.Body : Part.Start;
        _chunk.Begin();
    }

    private long Skip(long available)
    {
        var skipped = Math.Min(available, _left);
        _left -= skipped;
        if (_left == 0)
        {
            _part = _part == Part.Body ? Part.Start : Part.ChunkEnd;
        }

        return skipped;
    }

    private long ReadChunkLine(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!_chunk.Read(bytes[i]))
            {
                Fault = _chunk.Fault;
                return i;
            }

            if (_chunk.Ended)
            {
                _left = _chunk.Size;
                _part = _left > 0 ? Part.ChunkData : Part.Trailers;
                return i + 1;
            }
        }

        return bytes.Length;
    }

    private long ReadChunkEnd(byte next)
    {
        if (next != "\r\n"u8[_chunkEnd])
        {
            Fault = "a chunk is not followed by CR LF";
            return 0;
        }

        _chunkEnd ^= 1;
        if (_chunkEnd == 0)
        {
            _part = Part.ChunkLine;
            _chunk.Begin();
        }

        return 1;
    }
}
