using System.Buffers.Binary;
using System.Text;

namespace Quoin.Wasm.Binary;

/// <summary>
/// Reads the binary format from a part of a module. Everything is bounded by the part's end; integers are taken in the
/// lengths and with the unused bits that section 5.2.2 of the specification allows, and in no other.
/// </summary>
internal ref struct ByteReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _end;

    public ByteReader(ReadOnlySpan<byte> module, int start, int end)
    {
        _bytes = module;
        Position = start;
        _end = end;
    }

    /// <summary>The offset in the module of what is read next.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _end - Position;

    public byte Byte()
    {
        if (Position >= _end)
            throw ModuleException.Malformed("unexpected end", Position);
        return _bytes[Position++];
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if ((uint)count > (uint)Remaining)
            throw ModuleException.Malformed("unexpected end", Position);
        var bytes = _bytes.Slice(Position, count);
        Position += count;
        return bytes;
    }

    public uint U32() => (uint)Unsigned(32);

    public int S32() => (int)Signed(32);

    public long S33() => Signed(33);

    public long S64() => Signed(64);

    public uint Fixed32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong Fixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    /// <summary>A count of things of at least one byte each: more than the bytes left cannot be.</summary>
    public int Count(string what, int most)
    {
        var start = Position;
        var count = U32();
        if (count > (uint)Remaining)
            throw ModuleException.Malformed($"length out of bounds: {count} {what} in {Remaining} bytes", start);
        if (count > (uint)most)
            throw ModuleException.OverLimit(what, count, most, start);
        return (int)count;
    }

    /// <summary>A length in bytes.</summary>
    public int Length()
    {
        var start = Position;
        var length = U32();
        if (length > (uint)Remaining)
            throw ModuleException.Malformed($"length out of bounds: {length} of {Remaining} bytes", start);
        return (int)length;
    }

    public string Name()
    {
        var start = Position;
        var bytes = Bytes(Length());
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw ModuleException.Malformed("malformed UTF-8 encoding", start);
        }
    }

    private ulong Unsigned(int bits)
    {
        var start = Position;
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            var left = bits - shift;
            if (left < 7 && (next & 0x7F) >> left != 0)
                throw ModuleException.Malformed("integer too large", start);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
            if (left <= 7)
                throw ModuleException.Malformed("integer representation too long", start);
        }
    }

    private long Signed(int bits)
    {
        var start = Position;
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            var left = bits - shift;
            value |= (long)(next & 0x7F) << shift;
            if (left <= 7)
            {
                // The unused bits of the last byte repeat the sign.
                var high = (sbyte)(next << 1) >> left;
                if (next >= 0x80)
                    throw ModuleException.Malformed("integer representation too long", start);
                if (high is not (0 or -1))
                    throw ModuleException.Malformed("integer too large", start);
            }

            if (next >= 0x80)
                continue;
            shift += 7;
            return shift < 64 ? value << (64 - shift) >> (64 - shift) : value;
        }
    }
}
