using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>
/// Takes the payload out of a chunked body (RFC 9112 §7.1), wherever the bytes are cut. Lines end with CRLF and
/// nothing else: where a chunk ends must not be a matter of opinion. Extensions and trailers are read over.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ChunkedDecoder
{
    /// <summary>15 hexadecimal digits stay below 2^60.</summary>
    private const int MaxSizeDigits = 15;

    private State _state;
    private long _left;
    private int _digits;
    private int _lineBytes;

    private enum State
    {
        Size,
        Extension,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        TrailerStart,
        Trailer,
        TrailerLineFeed,
        LastLineFeed,
        Done,
    }

    public readonly bool IsDone => _state == State.Done;

    /// <summary>Begins a new body.</summary>
    public void Reset() => this = default;

    /// <summary>
    /// Decodes from the source until it or the room at the destination is used up, or the body has ended. A return
    /// with no bytes used and none written does not happen while both have some and the body goes on.
    /// </summary>
    /// <exception cref="HttpIOException">The framing is wrong.</exception>
    public void Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int used, out int written)
    {
        (used, written) = (0, 0);
        while (used < source.Length && _state != State.Done)
        {
            if (_state == State.Data)
            {
                var count = (int)Math.Min(_left, Math.Min(source.Length - used, destination.Length - written));
                if (count == 0)
                {
                    return;
                }

                source.Slice(used, count).CopyTo(destination[written..]);
                used += count;
                written += count;
                _left -= count;
                if (_left == 0)
                {
                    _state = State.DataReturn;
                }
            }
            else
            {
                Step(source[used++]);
            }
        }
    }

    private void Step(byte b)
    {
        switch (_state)
        {
            case State.Size:
                Size(b);
                break;
            case State.Extension:
                Extension(b);
                break;
            case State.SizeLineFeed:
                Expect(b, '\n', _left > 0 ? State.Data : State.TrailerStart);
                (_digits, _lineBytes) = (0, 0);
                break;
            case State.DataReturn:
                Expect(b, '\r', State.DataLineFeed);
                break;
            case State.DataLineFeed:
                Expect(b, '\n', State.Size);
                break;
            case State.TrailerStart:
                _state = b == '\r' ? State.LastLineFeed : State.Trailer;
                Count(Http1Limits.TrailerBytes);
                break;
            case State.Trailer:
                _state = b == '\r' ? State.TrailerLineFeed : State.Trailer;
                Count(Http1Limits.TrailerBytes);
                break;
            case State.TrailerLineFeed:
                Expect(b, '\n', State.TrailerStart);
                break;
            case State.LastLineFeed:
                Expect(b, '\n', State.Done);
                break;
        }
    }

    private void Size(byte b)
    {
        var digit = HexValue(b);
        if (digit >= 0 && _digits < MaxSizeDigits)
        {
            _left = (_left << 4) | (long)digit;
            _digits++;
            return;
        }

        if (_digits == 0 || digit >= 0)
        {
            throw Wrong();
        }

        _state = State.Extension;
        Extension(b);
    }

    private void Extension(byte b)
    {
        if (b == '\n' || (_lineBytes == 0 && b is not ((byte)'\r' or (byte)';' or (byte)' ' or (byte)'\t')))
        {
            throw Wrong();
        }

        Count(Http1Limits.ChunkLineBytes);
        if (b == '\r')
        {
            _state = State.SizeLineFeed;
        }
    }

    private void Count(int limit)
    {
        if (++_lineBytes > limit)
        {
            throw Wrong();
        }
    }

    private void Expect(byte b, char expected, State next)
    {
        if (b != expected)
        {
            throw Wrong();
        }

        _state = next;
    }

    private static int HexValue(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };

    private static HttpIOException Wrong() =>
        new(HttpRequestError.InvalidResponse, "the chunks of its answer are malformed");
}
