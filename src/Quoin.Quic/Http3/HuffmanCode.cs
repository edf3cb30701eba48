using System.Buffers;

namespace Quoin.Quic.Http3;

/// <summary>
/// Decodes the Huffman code of header texts (RFC 7541, appendix B). It is a canonical code: the lengths of the symbols'
/// codes give the codes, shorter ones first and equal ones by symbol. Bit by bit, which is enough for a client.
/// </summary>
internal static class HuffmanCode
{
    private const int Symbols = 257;
    private const int EndOfText = 256;
    private const int LongestCode = 30;
    private const int LongestPadding = 7;

    // By length of code: the first code, how many there are, and where their symbols begin in the order.
    private static readonly uint[] FirstCode = new uint[LongestCode + 1];
    private static readonly int[] Count = new int[LongestCode + 1];
    private static readonly int[] FirstPlace = new int[LongestCode + 1];
    private static readonly ushort[] Order = new ushort[Symbols];

    static HuffmanCode()
    {
        var place = 0;
        uint code = 0;
        for (var length = 1; length <= LongestCode; length++)
        {
            code <<= 1;
            (FirstCode[length], FirstPlace[length]) = (code, place);
            for (var symbol = 0; symbol < Symbols; symbol++)
            {
                if (CodeLengths[symbol] == length)
                {
                    Order[place++] = (ushort)symbol;
                    Count[length]++;
                    code++;
                }
            }
        }
    }

    private static ReadOnlySpan<byte> CodeLengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
        8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
        13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
        28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
        22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
        22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
        25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ];

    /// <summary>False: it is no such text.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> data, IBufferWriter<byte> text)
    {
        uint code = 0;
        var length = 0;
        foreach (var piece in data)
        {
            for (var bit = 7; bit >= 0; bit--)
            {
                code = (code << 1) | ((uint)piece >> bit & 1);
                if (++length > LongestCode)
                {
                    return false;
                }

                var place = code - FirstCode[length];
                if (code < FirstCode[length] || place >= Count[length])
                {
                    continue;
                }

                var symbol = Order[FirstPlace[length] + (int)place];
                if (symbol == EndOfText)
                {
                    return false;
                }

                text.GetSpan(1)[0] = (byte)symbol;
                text.Advance(1);
                (code, length) = (0, 0);
            }
        }

        // The rest of the last byte is the beginning of the end's code: ones.
        return length <= LongestPadding && code == (1u << length) - 1;
    }
}
