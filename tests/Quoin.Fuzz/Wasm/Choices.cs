namespace Quoin.Fuzz.Wasm;

/// <summary>
/// Decisions taken from bytes: the same bytes decide the same. When they are used up all decisions are the first.
/// </summary>
public sealed class Choices(byte[] bytes)
{
    private static readonly ulong[] Edges =
        [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, long.MaxValue, 1UL << 63, ulong.MaxValue];

    /// <summary>1, NaN, infinity and what just does not fit an integer, of both widths.</summary>
    private static readonly ulong[] Floats =
    [
        0x3FF0000000000000, 0x3F800000, 0x7FC00000, 0x7FF8000000000000, 0xFF800000, 0x7F800001, 0x41E0000000000000,
        0x4F000000,
    ];

    private int _position;

    public bool UsedUp => _position >= bytes.Length;

    /// <summary>A number below <paramref name="count"/>, which is at most 65,536.</summary>
    public int Below(int count)
    {
        if (count <= 1)
            return 0;
        var value = Byte();
        return (count > 256 ? (value << 8) | Byte() : value) % count;
    }

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public int Byte() => _position < bytes.Length ? bytes[_position++] : 0;

    /// <summary>Bits for a constant: often such as begin or end a range.</summary>
    public ulong Bits()
    {
        ulong bits = 0;
        switch (Below(4))
        {
            case 0: return (ulong)(sbyte)Byte();
            case 1: return Of(Edges);
            case 2: return Of(Floats);
            default:
                for (var i = 0; i < 8; i++)
                    bits = (bits << 8) | (uint)Byte();
                return bits;
        }
    }
}
