namespace Quoin.Http.Benchmarking.Measuring;

/// <summary>
/// Times the events of one <c>text/event-stream</c> as its bytes come (HTML standard, §9.2.6): an event is there with
/// the empty line behind its data, wherever reads cut it. Comments and blocks without data are none. Time is an
/// argument, in ticks.
/// </summary>
internal sealed class EventMeter(LatencyHistogram gaps)
{
    private static readonly byte[] DataField = "data:"u8.ToArray();

    private readonly byte[] _lineStart = new byte[DataField.Length];
    private long _lineBytes;
    private long _previous;
    private bool _afterReturn;
    private bool _hasData;

    public long Events { get; private set; }

    /// <summary>When the first event was whole.</summary>
    public long? First { get; private set; }

    /// <summary>Whether what came last is the beginning of an event, without its end.</summary>
    public bool InsideEvent => _hasData || _lineBytes > 0;

    /// <summary>Begins the next stream.</summary>
    public void Reset()
    {
        (Events, First) = (0, null);
        (_lineBytes, _afterReturn, _hasData) = (0, false, false);
    }

    public void Read(ReadOnlySpan<byte> bytes, long now)
    {
        while (!bytes.IsEmpty)
        {
            if (_afterReturn && bytes[0] == '\n')
            {
                bytes = bytes[1..];
            }

            _afterReturn = false;
            var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            Note(end < 0 ? bytes : bytes[..end]);
            if (end < 0)
            {
                return;
            }

            _afterReturn = bytes[end] == '\r';
            bytes = bytes[(end + 1)..];
            EndLine(now);
        }
    }

    private void Note(ReadOnlySpan<byte> part)
    {
        if (_lineBytes < _lineStart.Length)
        {
            var count = Math.Min(part.Length, _lineStart.Length - (int)_lineBytes);
            part[..count].CopyTo(_lineStart.AsSpan((int)_lineBytes));
        }

        _lineBytes += part.Length;
    }

    private void EndLine(long now)
    {
        var bytes = _lineBytes;
        _lineBytes = 0;
        if (bytes > 0)
        {
            var compared = bytes == DataField.Length - 1 ? DataField.Length - 1 : DataField.Length;
            var isData = _lineStart.AsSpan(0, compared).SequenceEqual(DataField.AsSpan(0, compared));
            _hasData |= bytes >= compared && isData;
            return;
        }

        if (!_hasData)
        {
            return;
        }

        _hasData = false;
        if (Events++ == 0)
        {
            First = now;
        }
        else
        {
            gaps.Add(now - _previous);
        }

        _previous = now;
    }
}
