using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Relay;

/// <summary>
/// One server-sent event. The memories point into the <see cref="EventBuffer"/> and are valid until its next read.
/// </summary>
/// <param name="Raw">The event as it came, with its blank line.</param>
/// <param name="Name">The event field; empty when there is none.</param>
/// <param name="Data">The data field; several data lines are joined by LF.</param>
/// <param name="HasData">False for a comment or a lone field: a keep-alive.</param>
internal readonly record struct ServerSentEvent(
    ReadOnlyMemory<byte> Raw, ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Data, bool HasData);

/// <summary>
/// Cuts a byte stream into server-sent events (WHATWG HTML §9.2.6), wherever the chunks are cut. Bytes are appended
/// at the end, whole events are taken from the front; lines end with LF, CRLF or CR. A CR at the very end of the
/// bytes waits for the next byte, for it may be half a CRLF.
/// </summary>
internal sealed class EventBuffer : IDisposable
{
    private readonly PooledBuffer _bytes = new();
    private PooledBuffer? _joined;
    private int _consumed;      // bytes of events already handed out
    private int _lineStart;     // start of the line that is looked at
    private int _scanned;       // bytes of that line already searched for its end
    private int _nameStart;
    private int _nameLength;
    private int _dataStart;
    private int _dataLength;
    private int _dataLines;
    private bool _skipByteOrderMark = true;

    /// <summary>Bytes of an event that is not complete.</summary>
    public bool HasPartial => _bytes.Length > _consumed;

    /// <summary>Room for the next bytes. Invalidates events handed out before.</summary>
    public Memory<byte> GetMemory(int sizeHint = 4096)
    {
        if (_consumed > 0)
        {
            _bytes.Consume(_consumed);
            _lineStart -= _consumed;
            _nameStart -= _consumed;
            _dataStart -= _consumed;
            _scanned -= _consumed;
            _consumed = 0;
        }

        if (_bytes.Length >= Limits.EventBytes)
        {
            throw new JsonException("a streamed event is larger than the gateway accepts");
        }

        return _bytes.GetMemory(sizeHint);
    }

    public void Advance(int count)
    {
        _bytes.Advance(count);
        if (_skipByteOrderMark && _bytes.Length >= 3)
        {
            _skipByteOrderMark = false;
            if (_bytes.WrittenSpan.StartsWith("\uFEFF"u8))
            {
                _bytes.Consume(3);
                _scanned = 0;
            }
        }
    }

    /// <summary>Takes the next whole event.</summary>
    public bool TryRead(out ServerSentEvent e)
    {
        var bytes = _bytes.WrittenSpan;
        while (TryReadLine(bytes, out var line))
        {
            if (line.Length == 0)
            {
                // Blank lines before the first field only separate; they go out with the event that follows.
                e = Take();
                if (e.HasData || e.Raw.Length > 2)
                {
                    return true;
                }
            }
            else
            {
                ReadField(bytes, line);
            }
        }

        e = default;
        return false;
    }

    /// <summary>
    /// Takes what is left when the upstream closed without the last blank line, as some servers do after their end
    /// marker. The caller judges by the payload whether it is whole.
    /// </summary>
    public bool TryReadLast(out ServerSentEvent e)
    {
        if (TryRead(out e))
        {
            return true;
        }

        var bytes = _bytes.WrittenSpan;
        if (_lineStart < bytes.Length)
        {
            var line = bytes[_lineStart..];
            ReadField(bytes, (_lineStart, line.EndsWith("\r"u8) ? line.Length - 1 : line.Length));
            _lineStart = bytes.Length;
        }

        e = Take();
        return e.HasData;
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _joined?.Dispose();
    }

    private bool TryReadLine(ReadOnlySpan<byte> bytes, out (int Start, int Length) line)
    {
        line = default;
        var from = Math.Max(_scanned, _lineStart);
        var offset = bytes[from..].IndexOfAny((byte)'\n', (byte)'\r');
        if (offset < 0)
        {
            _scanned = bytes.Length;
            return false;
        }

        var end = from + offset;
        var next = end + 1;
        if (bytes[end] == '\r')
        {
            if (next == bytes.Length)
            {
                _scanned = end;
                return false;
            }

            if (bytes[next] == '\n')
            {
                next++;
            }
        }

        line = (_lineStart, end - _lineStart);
        _lineStart = next;
        _scanned = next;
        return true;
    }

    private void ReadField(ReadOnlySpan<byte> bytes, (int Start, int Length) line)
    {
        var text = bytes.Slice(line.Start, line.Length);
        var colon = text.IndexOf((byte)':');
        var field = colon < 0 ? text : text[..colon];
        var valueStart = colon < 0 ? line.Start + line.Length : line.Start + colon + 1;
        if (valueStart < line.Start + line.Length && bytes[valueStart] == ' ')
        {
            valueStart++;
        }

        var length = line.Start + line.Length - valueStart;
        if (field.SequenceEqual("data"u8))
        {
            AddData(bytes, valueStart, length);
        }
        else if (field.SequenceEqual("event"u8))
        {
            _nameStart = valueStart;
            _nameLength = length;
        }
    }

    private void AddData(ReadOnlySpan<byte> bytes, int start, int length)
    {
        _dataLines++;
        if (_dataLines == 1)
        {
            _dataStart = start;
            _dataLength = length;
            return;
        }

        // Several data lines are rare (no provider sends them today), so only they pay for a copy.
        _joined ??= new PooledBuffer();
        if (_dataLines == 2)
        {
            _joined.Clear();
            _joined.Write(bytes.Slice(_dataStart, _dataLength));
        }

        _joined.Write("\n"u8);
        _joined.Write(bytes.Slice(start, length));
    }

    private ServerSentEvent Take()
    {
        var memory = _bytes.WrittenMemory;
        var data = _dataLines > 1 ? _joined!.WrittenMemory : memory.Slice(_dataStart, _dataLength);
        var e = new ServerSentEvent(
            memory[_consumed.._lineStart], memory.Slice(_nameStart, _nameLength), data, _dataLines > 0);
        _consumed = _lineStart;
        _nameLength = _dataLength = _dataLines = 0;
        _nameStart = _dataStart = _consumed;
        return e;
    }
}
