using System.Runtime.InteropServices;

namespace Quoin.MessagePack;

/// <summary>
/// Where a walk through one value stands, header by header. For each open array or map it keeps how many values are
/// still to come, in a span of <see cref="MessagePackLimits.MaxDepth"/> that the owner brings; so there is no
/// recursion.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ValueWalk
{
    private int _depth;

    /// <summary>Values that are known to come and have not begun, so bytes that are still missing at least.</summary>
    public long Awaited { get; private set; }

    /// <summary>Goes past a header and its bytes. True when the walk's value is whole.</summary>
    /// <exception cref="MessagePackException">Deeper than allowed.</exception>
    public bool Pass(scoped in MessagePackHeader header, Span<uint> open, long offset)
    {
        var children = header.Children;
        if (header.IsContainer && _depth >= open.Length)
        {
            throw TooDeep(offset, open.Length);
        }

        if (_depth > 0)
        {
            Awaited--;
            open[_depth - 1]--;
        }

        if (children > 0)
        {
            // Twice the entries of a map fit: a limit is an int.
            open[_depth++] = (uint)children;
            Awaited += children;
            return false;
        }

        while (_depth > 0 && open[_depth - 1] == 0)
        {
            _depth--;
        }

        return _depth == 0;
    }

    public static MessagePackException TooDeep(long offset, int most) =>
        new(MessagePackError.LimitExceeded, offset, $"at most {most} arrays and maps inside each other");
}
