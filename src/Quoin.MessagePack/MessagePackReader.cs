using System.Buffers;

namespace Quoin.MessagePack;

/// <summary>
/// Reads one message, value by value, from bytes in one or more segments. Every value has two methods: <c>Read…</c>
/// throws <see cref="MessagePackError.Incomplete"/> when the input ends first, <c>TryRead…</c> says so by false, for
/// callers to whom more bytes may come. Both throw for all else that is wrong, also when the value is longer than a
/// message may be; and after false or a throw the reader stands where it stood. A count or length is handed out only
/// when the input holds enough bytes for it. Arrays and maps are a header, then that many values or pairs. A caller
/// that follows them by recursion brackets it with <see cref="Enter"/> and <see cref="Leave"/>; <see cref="Skip"/>
/// does not recurse.
/// </summary>
public ref partial struct MessagePackReader
{
    private readonly MessagePackLimits _limits;
    private readonly ReadOnlySequence<byte> _input;
    private readonly long _end;

    /// <summary>The segment being read; wholly read only at the end of the input.</summary>
    private ReadOnlySpan<byte> _segment;

    /// <summary>The place in the segment.</summary>
    private int _at;

    /// <summary>Bytes of the input before the segment.</summary>
    private long _before;

    /// <summary>The segment after this one.</summary>
    private SequencePosition _next;

    private int _depth;

    /// <summary>A reader of a message, or of the part of one that has come.</summary>
    /// <param name="input">The bytes. They must stay as they are while the reader is in use.</param>
    /// <param name="limits">What the message may cost; <see cref="MessagePackLimits.Default"/> if null.</param>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.LimitExceeded"/>: the input is larger than a message may be.
    /// </exception>
    public MessagePackReader(ReadOnlySpan<byte> input, MessagePackLimits? limits = null)
    {
        _limits = limits ?? MessagePackLimits.Default;
        _segment = input;
        _end = input.Length;
        CheckMessage(_end, _limits);
    }

    /// <summary>A reader of a message in segments, or of the part of one that has come.</summary>
    /// <param name="input">The bytes. They must stay as they are while the reader is in use.</param>
    /// <param name="limits">What the message may cost; <see cref="MessagePackLimits.Default"/> if null.</param>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.LimitExceeded"/>: the input is larger than a message may be.
    /// </exception>
    public MessagePackReader(in ReadOnlySequence<byte> input, MessagePackLimits? limits = null)
        : this(input, limits ?? MessagePackLimits.Default, offset: 0) =>
        CheckMessage(_end, _limits);

    /// <summary>A reader of what follows the first bytes of a message, of any length.</summary>
    internal MessagePackReader(in ReadOnlySequence<byte> input, MessagePackLimits limits, long offset)
    {
        _limits = limits;
        _input = input;
        _segment = input.FirstSpan;
        _before = offset;
        _end = offset + input.Length;
        if (!input.IsSingleSegment)
        {
            _next = input.Start;
            input.TryGet(ref _next, out _);
            GoOnToBytes();
        }
    }

    /// <summary>Bytes read.</summary>
    public readonly long Consumed => _before + _at;

    /// <summary>Bytes of the input that are not read yet.</summary>
    public readonly long Remaining => _end - Consumed;

    /// <summary>Whether all is read. Callers that expect one message check it after the last value.</summary>
    public readonly bool End => _at == _segment.Length;

    /// <summary>Arrays and maps entered and not left.</summary>
    public readonly int Depth => _depth;

    /// <summary>The type of the next value. False at the end of the input.</summary>
    /// <exception cref="MessagePackException"><see cref="MessagePackError.Malformed"/>: 0xc1.</exception>
    public readonly bool TryPeekType(out MessagePackType type)
    {
        type = default;
        if (End)
        {
            return false;
        }

        var code = _segment[_at];
        _ = HeaderBytes(code);
        type = MessagePackCode.TypeOf(code);
        return true;
    }

    /// <summary>The type of the next value.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public readonly MessagePackType PeekType() => TryPeekType(out var type) ? type : throw Incomplete("a value");

    /// <summary>The type of the extension that is next, −128 to 127. False when its header is not all there.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.WrongType"/>: the next value is no extension;
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public readonly bool TryPeekExtensionType(out sbyte type)
    {
        var known = TryPeekHeader(MessagePackType.Extension, "an extension", out var header);
        type = header.ExtensionType;
        return known;
    }

    /// <summary>Reads the header of an array: how many values follow.</summary>
    /// <returns>0 to <see cref="MessagePackLimits.MaxArrayEntries"/>, and not more than bytes remain.</returns>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/> (also when fewer bytes than entries remain),
    /// <see cref="MessagePackError.WrongType"/>, <see cref="MessagePackError.LimitExceeded"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public int ReadArrayHeader() => TryReadArrayHeader(out var count) ? count : throw Incomplete("an array");

    /// <summary>As <see cref="ReadArrayHeader"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadArrayHeader(out int count) =>
        TryReadContainer(MessagePackType.Array, "an array", out count);

    /// <summary>Reads the header of a map: how many keys, each with its value, follow.</summary>
    /// <returns>0 to <see cref="MessagePackLimits.MaxMapEntries"/>, and not more than half of the bytes that remain.
    /// </returns>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/> (also when fewer bytes than keys and values remain),
    /// <see cref="MessagePackError.WrongType"/>, <see cref="MessagePackError.LimitExceeded"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public int ReadMapHeader() => TryReadMapHeader(out var count) ? count : throw Incomplete("a map");

    /// <summary>As <see cref="ReadMapHeader"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadMapHeader(out int count) => TryReadContainer(MessagePackType.Map, "a map", out count);

    /// <summary>Notes that the caller goes into an array or map.</summary>
    /// <exception cref="MessagePackException"><see cref="MessagePackError.LimitExceeded"/>: too deep.</exception>
    public void Enter()
    {
        if (_depth >= _limits.MaxDepth)
        {
            throw ValueWalk.TooDeep(Consumed, _limits.MaxDepth);
        }

        _depth++;
    }

    /// <summary>Notes that the caller has left the array or map that it entered last.</summary>
    /// <exception cref="InvalidOperationException">None was entered.</exception>
    public void Leave()
    {
        if (_depth == 0)
        {
            throw new InvalidOperationException("Leave without Enter");
        }

        _depth--;
    }

    /// <summary>Goes past the next value, with all that is in it, without recursion.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.LimitExceeded"/> (with what was entered),
    /// <see cref="MessagePackError.Malformed"/>. What is in strings is not looked at.
    /// </exception>
    public void Skip()
    {
        if (!TrySkip())
        {
            throw Incomplete("a whole value");
        }
    }

    /// <summary>As <see cref="Skip"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TrySkip()
    {
        var start = this;
        Span<uint> open = stackalloc uint[_limits.MaxDepth - _depth];
        var walk = new ValueWalk();
        try
        {
            while (TryPass(ref walk, open, out var whole))
            {
                if (whole)
                {
                    return true;
                }
            }
        }
        catch (MessagePackException)
        {
            this = start;
            throw;
        }

        this = start;
        return false;
    }

    /// <summary>
    /// Reads the next value as the bytes that it is, for <see cref="MessagePackWriter.WriteRaw"/>. A copy when it lies
    /// in several segments, else the input itself.
    /// </summary>
    /// <exception cref="MessagePackException">As <see cref="Skip"/>.</exception>
    public ReadOnlySpan<byte> ReadRaw()
    {
        var start = this;
        Skip();
        var length = (int)(Consumed - start.Consumed);
        this = start;
        return Take(length);
    }

    /// <summary>One step of a walk: past a header and its bytes. False when they are not there.</summary>
    internal bool TryPass(ref ValueWalk walk, scoped Span<uint> open, out bool whole)
    {
        whole = false;
        if (!TryPeekHeader(out var header))
        {
            return false;
        }

        header.CheckLength(_limits, Consumed);
        if (Lacks(header.TotalBytes))
        {
            return false;
        }

        whole = walk.Pass(header, open, Consumed);
        Advance((int)header.TotalBytes);
        return !Lacks(walk.Awaited);
    }

    /// <summary>The header that is next. False when it is not all there.</summary>
    internal readonly bool TryPeekHeader(out MessagePackHeader header)
    {
        header = default;
        if (End)
        {
            return false;
        }

        var bytes = HeaderBytes(_segment[_at]);
        if (_segment.Length - _at >= bytes)
        {
            header = new MessagePackHeader(_segment.Slice(_at, bytes));
            return true;
        }

        if (Remaining < bytes)
        {
            return false;
        }

        Span<byte> joined = stackalloc byte[MessagePackCode.MaxHeaderBytes];
        joined = joined[..bytes];
        CopyAhead(joined);
        header = new MessagePackHeader(joined);
        return true;
    }

    internal readonly MessagePackException Incomplete(string expected) =>
        new(MessagePackError.Incomplete, Consumed, expected, "the end of the input");

    private static void CheckMessage(long bytes, MessagePackLimits limits)
    {
        if (bytes > limits.MaxMessageBytes)
        {
            throw TooLong(limits);
        }
    }

    internal static MessagePackException TooLong(MessagePackLimits limits) =>
        new(MessagePackError.LimitExceeded, limits.MaxMessageBytes,
            $"a message of at most {limits.MaxMessageBytes} bytes");

    /// <summary>Whether the bytes are not there yet. Waiting for more than a message may have is of no use.</summary>
    /// <exception cref="MessagePackException">The message is too long.</exception>
    private readonly bool Lacks(long bytes)
    {
        if (bytes <= Remaining)
        {
            return false;
        }

        return Consumed + bytes <= _limits.MaxMessageBytes ? true : throw TooLong(_limits);
    }

    private readonly int HeaderBytes(byte code)
    {
        var bytes = MessagePackCode.HeaderBytes(code);
        return bytes > 0
            ? bytes
            : throw new MessagePackException(MessagePackError.Malformed, Consumed, "a value", "0xc1, never used");
    }

    private readonly bool TryPeekHeader(MessagePackType type, string expected, out MessagePackHeader header)
    {
        if (!TryPeekType(out var found))
        {
            header = default;
            return false;
        }

        return found == type ? TryPeekHeader(out header) : throw WrongType(expected);
    }

    private bool TryReadContainer(MessagePackType type, string expected, out int count)
    {
        count = 0;
        if (!TryPeekHeader(type, expected, out var header))
        {
            return false;
        }

        header.CheckLength(_limits, Consumed);
        if (Lacks(header.Bytes + header.Children))
        {
            return false;
        }

        count = (int)header.Number;
        Advance(header.Bytes);
        return true;
    }

    private readonly MessagePackException WrongType(string expected) => new(
        MessagePackError.WrongType, Consumed, expected,
        $"{MessagePackCode.TypeOf(_segment[_at])} (0x{_segment[_at]:x2})");

    /// <summary>Reads bytes that are there. Copied only when they lie in several segments.</summary>
    private ReadOnlySpan<byte> Take(int length)
    {
        if (_segment.Length - _at >= length)
        {
            var bytes = _segment.Slice(_at, length);
            Advance(length);
            return bytes;
        }

        var copy = new byte[length];
        CopyAhead(copy);
        Advance(length);
        return copy;
    }

    /// <summary>Fills the span from the place on, without moving. The bytes are there.</summary>
    private readonly void CopyAhead(scoped Span<byte> destination)
    {
        var rest = _segment[_at..];
        var next = _next;
        while (rest.Length < destination.Length)
        {
            rest.CopyTo(destination);
            destination = destination[rest.Length..];
            _input.TryGet(ref next, out var memory);
            rest = memory.Span;
        }

        rest[..destination.Length].CopyTo(destination);
    }

    private void Advance(int bytes)
    {
        _at += bytes;
        if (_at >= _segment.Length)
        {
            GoOnToBytes();
        }
    }

    /// <summary>Goes to the segment that holds the place.</summary>
    private void GoOnToBytes()
    {
        while (_at >= _segment.Length && _next.GetObject() is not null && _input.TryGet(ref _next, out var memory))
        {
            _at -= _segment.Length;
            _before += _segment.Length;
            _segment = memory.Span;
        }
    }
}
