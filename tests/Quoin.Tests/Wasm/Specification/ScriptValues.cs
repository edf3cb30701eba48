using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Quoin.Wasm;

namespace Quoin.Tests.Wasm.Specification;

/// <summary>Values as the scripts write them: numbers as their bits in decimal, vectors as lanes.</summary>
internal static class ScriptValues
{
    public static Value Read(JsonElement written)
    {
        var type = written.GetProperty("type").GetString()!;
        if (type == "v128")
            return ReadVector(written);
        var text = written.GetProperty("value").GetString()!;
        return type switch
        {
            "i32" => Value.Of((int)uint.Parse(text, CultureInfo.InvariantCulture)),
            "i64" => Value.Of((long)ulong.Parse(text, CultureInfo.InvariantCulture)),
            "f32" => Value.Of(BitConverter.UInt32BitsToSingle(uint.Parse(text, CultureInfo.InvariantCulture))),
            "f64" => Value.Of(BitConverter.UInt64BitsToDouble(ulong.Parse(text, CultureInfo.InvariantCulture))),
            "funcref" => Value.Of((Function?)null),
            _ => Value.OfExternal(text == "null" ? null : text),
        };
    }

    /// <summary>Whether the value is the expected one, to the bit, or a NaN of the expected sort.</summary>
    public static bool Matches(Value found, JsonElement expected)
    {
        var type = expected.GetProperty("type").GetString()!;
        if (type == "v128")
            return MatchesVector(found, expected);
        if (!expected.TryGetProperty("value", out var value))
            return found.Reference is not null;
        var text = value.GetString()!;
        return type switch
        {
            "i32" => found == Read(expected),
            "i64" => found == Read(expected),
            "f32" => MatchesFloat((uint)BitConverter.SingleToInt32Bits(found.F32), text, 32),
            "f64" => MatchesFloat((ulong)BitConverter.DoubleToInt64Bits(found.F64), text, 64),
            "funcref" => text == "null" ? found.Reference is null : found.Reference is Function,
            _ => text == "null" ? found.Reference is null : Equals(found.Reference, text),
        };
    }

    private static bool MatchesFloat(ulong bits, string expected, int width)
    {
        var quiet = width == 32 ? 0x7FC00000UL : 0x7FF8000000000000UL;
        var magnitude = bits & (width == 32 ? 0x7FFFFFFFUL : 0x7FFFFFFFFFFFFFFFUL);
        return expected switch
        {
            "nan:canonical" => magnitude == quiet,
            "nan:arithmetic" => (magnitude & quiet) == quiet,
            _ => bits == ulong.Parse(expected, CultureInfo.InvariantCulture),
        };
    }

    private static (int Bytes, bool IsFloat) Lane(JsonElement vector) =>
        vector.GetProperty("lane_type").GetString() switch
        {
            "i8" => (1, false),
            "i16" => (2, false),
            "i32" => (4, false),
            "f32" => (4, true),
            "f64" => (8, true),
            _ => (8, false),
        };

    private static Value ReadVector(JsonElement written)
    {
        var (bytes, _) = Lane(written);
        var all = new byte[16];
        var lane = 0;
        var bits = new byte[8];
        foreach (var value in written.GetProperty("value").EnumerateArray())
        {
            var number = ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture);
            BinaryPrimitives.WriteUInt64LittleEndian(bits, number);
            bits.AsSpan(0, bytes).CopyTo(all.AsSpan(lane++ * bytes));
        }

        return Value.Of(System.Runtime.Intrinsics.Vector128.Create(all));
    }

    private static bool MatchesVector(Value found, JsonElement expected)
    {
        var (bytes, isFloat) = Lane(expected);
        var all = new byte[16];
        for (var i = 0; i < 16; i++)
            all[i] = found.V128[i];
        var lane = 0;
        foreach (var value in expected.GetProperty("value").EnumerateArray())
        {
            var bits = new byte[8];
            all.AsSpan(lane++ * bytes, bytes).CopyTo(bits);
            var number = BinaryPrimitives.ReadUInt64LittleEndian(bits);
            var text = value.GetString()!;
            var same = isFloat
                ? MatchesFloat(number, text, bytes * 8)
                : number == ulong.Parse(text, CultureInfo.InvariantCulture);
            if (!same)
                return false;
        }

        return true;
    }
}
