using System.Buffers.Text;
using System.Diagnostics;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Takes the bytes of one streamed answer as they come and times its events by the <c>ts=</c> and 19 digits that the
/// upstream wrote into each. A mark may be cut by the boundary of two reads: what could be its beginning is kept. Only
/// the mark is looked for, so that the same clock serves every dialect.
/// </summary>
internal sealed class EventClock
{
    private const int DigitCount = 19;

    /// <summary>Ends every streamed chat completion.</summary>
    private static readonly byte[] EndMark = "[DONE]"u8.ToArray();

    private static readonly byte[] TimeMark = "ts="u8.ToArray();

    private readonly byte[] _kept = new byte[TimeMark.Length + DigitCount - 1];
    private readonly Samples _delays;
    private byte[] _joined = new byte[1024];
    private int _keptLength;
    private long _previous;

    public EventClock(Samples delays)
    {
        _delays = delays;
    }

    /// <summary>When the first event came, or 0.</summary>
    public long First { get; private set; }

    public int Events { get; private set; }

    /// <summary>Whether the end mark has come.</summary>
    public bool Ended { get; private set; }

    /// <summary>Gaps between two events longer than one second.</summary>
    public int Stalls { get; private set; }

    public void Read(ReadOnlySpan<byte> bytes, long received)
    {
        var length = _keptLength + bytes.Length;
        if (_joined.Length < length)
        {
            _joined = new byte[length];
        }

        _kept.AsSpan(0, _keptLength).CopyTo(_joined);
        bytes.CopyTo(_joined.AsSpan(_keptLength));
        var rest = (ReadOnlySpan<byte>)_joined.AsSpan(0, length);
        Ended |= rest.IndexOf(EndMark) >= 0;
        int at;
        while ((at = rest.IndexOf(TimeMark)) >= 0 && rest.Length - at >= TimeMark.Length + DigitCount)
        {
            rest = rest[(at + TimeMark.Length)..];
            if (Utf8Parser.TryParse(rest[..DigitCount], out long sent, out var digits) && digits == DigitCount)
            {
                Count(sent, received);
                rest = rest[DigitCount..];
            }
        }

        rest = rest[Math.Max(0, rest.Length - _kept.Length)..];
        rest.CopyTo(_kept);
        _keptLength = rest.Length;
    }

    private void Count(long sent, long received)
    {
        First = Events == 0 ? received : First;
        Stalls += Events > 0 && received - _previous > Stopwatch.Frequency ? 1 : 0;
        _previous = received;
        Events++;
        _delays.Add(received - sent);
    }
}
