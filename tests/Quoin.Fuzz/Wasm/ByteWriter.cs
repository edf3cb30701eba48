using System.Text;

namespace Quoin.Fuzz.Wasm;

/// <summary>Writes the integers, names and vectors of the WebAssembly binary format.</summary>
public sealed class ByteWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public ByteWriter Byte(int value)
    {
        _bytes.Add((byte)value);
        return this;
    }

    public ByteWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public ByteWriter U32(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Add((byte)(value | 0x80));
        return Byte((int)value);
    }

    public ByteWriter Signed(long value)
    {
        while (value is < -64 or > 63)
        {
            _bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        return Byte((int)(value & 0x7F));
    }

    public ByteWriter Fixed(ulong value, int bytes)
    {
        for (var i = 0; i < bytes; i++)
            _bytes.Add((byte)(value >> (8 * i)));
        return this;
    }

    public ByteWriter Name(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return U32((uint)bytes.Length).Bytes(bytes);
    }

    /// <summary>Bytes with their length before them.</summary>
    public ByteWriter Sized(ByteWriter part) => U32((uint)part.Length).Bytes(part.ToArray());
}
