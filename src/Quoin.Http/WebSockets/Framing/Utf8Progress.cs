using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Quoin.Http.WebSockets.Framing;

/// <summary>
/// Checks UTF-8 that comes in pieces (RFC 6455 §8.1). A piece may end within a character, which is carried over; one
/// that no byte can make good any more is found at once.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct Utf8Progress
{
    private const int LongestCharacter = 4;

    private uint _carried;
    private int _count;

    /// <summary>No character is left open.</summary>
    public readonly bool IsWhole => _count == 0;

    /// <summary>False: it is no UTF-8.</summary>
    public bool Add(ReadOnlySpan<byte> piece)
    {
        Span<byte> character = stackalloc byte[LongestCharacter];
        while (_count > 0 && !piece.IsEmpty)
        {
            for (var i = 0; i < _count; i++)
            {
                character[i] = (byte)(_carried >> (8 * i));
            }

            character[_count] = piece[0];
            var status = Rune.DecodeFromUtf8(character[..(_count + 1)], out _, out _);
            if (status == OperationStatus.InvalidData)
            {
                return false;
            }

            _carried |= (uint)piece[0] << (8 * _count);
            _count = status == OperationStatus.Done ? 0 : _count + 1;
            _carried = _count == 0 ? 0 : _carried;
            piece = piece[1..];
        }

        var open = OpenEnd(piece);
        for (var i = 0; i < open; i++)
        {
            _carried |= (uint)piece[piece.Length - open + i] << (8 * i);
        }

        _count += open;
        return Utf8.IsValid(piece[..(piece.Length - open)]);
    }

    /// <summary>Bytes at the end that begin a character which is not whole.</summary>
    private static int OpenEnd(ReadOnlySpan<byte> piece)
    {
        for (var back = 1; back < LongestCharacter && back <= piece.Length; back++)
        {
            if ((piece[^back] & 0xC0) != 0x80)
            {
                return Rune.DecodeFromUtf8(piece[^back..], out _, out _) == OperationStatus.NeedMoreData ? back : 0;
            }
        }

        return 0;
    }
}
