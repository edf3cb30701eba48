using System.Runtime.InteropServices;

namespace Quoin.Wasm.Running;

/// <summary>
/// Arguments and results of host functions that run, the outer ones below: host functions may call back into the
/// program. Pieces are never moved, so spans into them stay good while deeper calls take more.
/// </summary>
internal sealed class HostArgumentStack
{
    /// <summary>Room for some hundred calls inside each other before another piece is needed.</summary>
    private const int PieceValues = 1024;

    private readonly List<Value[]> _pieces = [new Value[64]];
    private int _piece;
    private int _used;
    private bool _dirty;

    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Mark(int Piece, int Used);

    /// <summary>Takes room for <paramref name="count"/> values.</summary>
    public Span<Value> Take(int count, out Mark before)
    {
        before = new Mark(_piece, _used);
        while (_pieces[_piece].Length - _used < count)
        {
            if (_piece + 1 == _pieces.Count)
                _pieces.Add(new Value[Math.Max(PieceValues, count)]);
            _piece++;
            _used = 0;
        }

        var span = _pieces[_piece].AsSpan(_used, count);
        _used += count;
        _dirty = true;
        return span;
    }

    public void Return(Mark before) => (_piece, _used) = (before.Piece, before.Used);

    /// <summary>Forgets references, and all but the first piece.</summary>
    public void Clear()
    {
        if (!_dirty)
            return;
        _dirty = false;
        (_piece, _used) = (0, 0);
        if (_pieces.Count > 1)
            _pieces.RemoveRange(1, _pieces.Count - 1);
        Array.Clear(_pieces[0]);
    }
}
