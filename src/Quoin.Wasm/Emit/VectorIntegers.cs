using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Arithmetic on lanes of integers. Where x64 has one instruction that the runtime does not find by itself, it is
/// named.
/// </summary>
internal static class VectorIntegers
{
    public static Vector128<byte> I8x16Add(Vector128<byte> a, Vector128<byte> b) => a + b;
    public static Vector128<byte> I8x16Sub(Vector128<byte> a, Vector128<byte> b) => a - b;
    public static Vector128<byte> I8x16Neg(Vector128<byte> a) => (-a.AsSByte()).AsByte();
    public static Vector128<byte> I8x16Abs(Vector128<byte> a) => Absolute(a.AsSByte()).AsByte();
    public static Vector128<byte> I8x16AddSatS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsSByte(), b.AsSByte()).AsByte();
    public static Vector128<byte> I8x16AddSatU(Vector128<byte> a, Vector128<byte> b) => Vector128.AddSaturate(a, b);
    public static Vector128<byte> I8x16SubSatS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsSByte(), b.AsSByte()).AsByte();
    public static Vector128<byte> I8x16SubSatU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a, b);
    public static Vector128<byte> I8x16AvgrU(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported ? Sse2.Average(a, b) : (a | b) - ((a ^ b) >>> 1);
    public static Vector128<byte> I8x16MinS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsSByte(), b.AsSByte()).AsByte();
    public static Vector128<byte> I8x16MinU(Vector128<byte> a, Vector128<byte> b) => Vector128.Min(a, b);
    public static Vector128<byte> I8x16MaxS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsSByte(), b.AsSByte()).AsByte();
    public static Vector128<byte> I8x16MaxU(Vector128<byte> a, Vector128<byte> b) => Vector128.Max(a, b);
    public static Vector128<byte> I8x16Shl(Vector128<byte> a, int count) => (a.AsSByte() << (count & 7)).AsByte();
    public static Vector128<byte> I8x16ShrS(Vector128<byte> a, int count) => (a.AsSByte() >> (count & 7)).AsByte();
    public static Vector128<byte> I8x16ShrU(Vector128<byte> a, int count) => a >>> (count & 7);
    public static int I8x16AllTrue(Vector128<byte> a) =>
        Vector128.EqualsAny(a.AsSByte(), Vector128<sbyte>.Zero) ? 0 : 1;
    public static int I8x16Bitmask(Vector128<byte> a) => (int)a.AsSByte().ExtractMostSignificantBits();
    public static Vector128<byte> I8x16Popcnt(Vector128<byte> a) => PopulationCount(a);

    public static Vector128<byte> I16x8Add(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt16() + b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8Sub(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt16() - b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8Mul(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt16() * b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8Neg(Vector128<byte> a) => (-a.AsInt16()).AsByte();
    public static Vector128<byte> I16x8Abs(Vector128<byte> a) => Absolute(a.AsInt16()).AsByte();
    public static Vector128<byte> I16x8AddSatS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsInt16(), b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8AddSatU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.AddSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();
    public static Vector128<byte> I16x8SubSatS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsInt16(), b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8SubSatU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.SubtractSaturate(a.AsUInt16(), b.AsUInt16()).AsByte();
    public static Vector128<byte> I16x8AvgrU(Vector128<byte> a, Vector128<byte> b) =>
        Sse2.IsSupported
            ? Sse2.Average(a.AsUInt16(), b.AsUInt16()).AsByte()
            : ((a.AsUInt16() | b.AsUInt16()) - ((a.AsUInt16() ^ b.AsUInt16()) >>> 1)).AsByte();
    public static Vector128<byte> I16x8MinS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsInt16(), b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8MinU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsUInt16(), b.AsUInt16()).AsByte();
    public static Vector128<byte> I16x8MaxS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsInt16(), b.AsInt16()).AsByte();
    public static Vector128<byte> I16x8MaxU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsUInt16(), b.AsUInt16()).AsByte();
    public static Vector128<byte> I16x8Shl(Vector128<byte> a, int count) => (a.AsInt16() << (count & 15)).AsByte();
    public static Vector128<byte> I16x8ShrS(Vector128<byte> a, int count) => (a.AsInt16() >> (count & 15)).AsByte();
    public static Vector128<byte> I16x8ShrU(Vector128<byte> a, int count) => (a.AsUInt16() >>> (count & 15)).AsByte();
    public static int I16x8AllTrue(Vector128<byte> a) =>
        Vector128.EqualsAny(a.AsInt16(), Vector128<short>.Zero) ? 0 : 1;
    public static int I16x8Bitmask(Vector128<byte> a) => (int)a.AsInt16().ExtractMostSignificantBits();

    public static Vector128<byte> I32x4Add(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt32() + b.AsInt32()).AsByte();
    public static Vector128<byte> I32x4Sub(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt32() - b.AsInt32()).AsByte();
    public static Vector128<byte> I32x4Mul(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt32() * b.AsInt32()).AsByte();
    public static Vector128<byte> I32x4Neg(Vector128<byte> a) => (-a.AsInt32()).AsByte();
    public static Vector128<byte> I32x4Abs(Vector128<byte> a) => Absolute(a.AsInt32()).AsByte();
    public static Vector128<byte> I32x4MinS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsInt32(), b.AsInt32()).AsByte();
    public static Vector128<byte> I32x4MinU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Min(a.AsUInt32(), b.AsUInt32()).AsByte();
    public static Vector128<byte> I32x4MaxS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsInt32(), b.AsInt32()).AsByte();
    public static Vector128<byte> I32x4MaxU(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Max(a.AsUInt32(), b.AsUInt32()).AsByte();
    public static Vector128<byte> I32x4Shl(Vector128<byte> a, int count) => (a.AsInt32() << (count & 31)).AsByte();
    public static Vector128<byte> I32x4ShrS(Vector128<byte> a, int count) => (a.AsInt32() >> (count & 31)).AsByte();
    public static Vector128<byte> I32x4ShrU(Vector128<byte> a, int count) => (a.AsUInt32() >>> (count & 31)).AsByte();
    public static int I32x4AllTrue(Vector128<byte> a) =>
        Vector128.EqualsAny(a.AsInt32(), Vector128<int>.Zero) ? 0 : 1;
    public static int I32x4Bitmask(Vector128<byte> a) => (int)a.AsInt32().ExtractMostSignificantBits();

    public static Vector128<byte> I64x2Add(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt64() + b.AsInt64()).AsByte();
    public static Vector128<byte> I64x2Sub(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt64() - b.AsInt64()).AsByte();
    public static Vector128<byte> I64x2Mul(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsInt64() * b.AsInt64()).AsByte();
    public static Vector128<byte> I64x2Neg(Vector128<byte> a) => (-a.AsInt64()).AsByte();
    public static Vector128<byte> I64x2Abs(Vector128<byte> a) => Absolute(a.AsInt64()).AsByte();
    public static Vector128<byte> I64x2Shl(Vector128<byte> a, int count) => (a.AsInt64() << (count & 63)).AsByte();
    public static Vector128<byte> I64x2ShrS(Vector128<byte> a, int count) => (a.AsInt64() >> (count & 63)).AsByte();
    public static Vector128<byte> I64x2ShrU(Vector128<byte> a, int count) => (a.AsUInt64() >>> (count & 63)).AsByte();
    public static int I64x2AllTrue(Vector128<byte> a) =>
        Vector128.EqualsAny(a.AsInt64(), Vector128<long>.Zero) ? 0 : 1;
    public static int I64x2Bitmask(Vector128<byte> a) => (int)a.AsInt64().ExtractMostSignificantBits();

    // Products of 16-bit fractions, rounded; -1 by -1 does not fit.
    public static Vector128<byte> I16x8Q15mulrSatS(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.NarrowWithSaturation(
            RoundedProduct(Vector128.WidenLower(a.AsInt16()), Vector128.WidenLower(b.AsInt16())),
            RoundedProduct(Vector128.WidenUpper(a.AsInt16()), Vector128.WidenUpper(b.AsInt16()))).AsByte();

    // The lanes of a pair are the lower and the upper half of a wider lane.
    public static Vector128<byte> I32x4DotI16x8S(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsByte()
        : (Lower(a.AsInt32()) * Lower(b.AsInt32()) + Upper(a.AsInt32()) * Upper(b.AsInt32())).AsByte();
    public static Vector128<byte> I16x8ExtaddPairwiseI8x16S(Vector128<byte> a) =>
        ((a.AsInt16() << 8 >> 8) + (a.AsInt16() >> 8)).AsByte();
    public static Vector128<byte> I16x8ExtaddPairwiseI8x16U(Vector128<byte> a) =>
        ((a.AsUInt16() << 8 >>> 8) + (a.AsUInt16() >>> 8)).AsByte();
    public static Vector128<byte> I32x4ExtaddPairwiseI16x8S(Vector128<byte> a) =>
        (Lower(a.AsInt32()) + Upper(a.AsInt32())).AsByte();
    public static Vector128<byte> I32x4ExtaddPairwiseI16x8U(Vector128<byte> a) =>
        ((a.AsUInt32() << 16 >>> 16) + (a.AsUInt32() >>> 16)).AsByte();

    /// <summary>Wraps for the least integer, as the specification has it.</summary>
    private static Vector128<T> Absolute<T>(Vector128<T> lanes)
        where T : struct, ISignedNumber<T>
    {
        var sign = Vector128.LessThan(lanes, Vector128<T>.Zero);
        return (lanes ^ sign) - sign;
    }

    private static Vector128<byte> PopulationCount(Vector128<byte> bits)
    {
        var pairs = bits - ((bits >>> 1) & Vector128.Create((byte)0x55));
        var fours = (pairs & Vector128.Create((byte)0x33)) + ((pairs >>> 2) & Vector128.Create((byte)0x33));
        return (fours + (fours >>> 4)) & Vector128.Create((byte)0x0F);
    }

    private static Vector128<int> RoundedProduct(Vector128<int> a, Vector128<int> b) =>
        ((a * b) + Vector128.Create(0x4000)) >> 15;

    private static Vector128<int> Lower(Vector128<int> pairs) => pairs << 16 >> 16;

    private static Vector128<int> Upper(Vector128<int> pairs) => pairs >> 16;
}
