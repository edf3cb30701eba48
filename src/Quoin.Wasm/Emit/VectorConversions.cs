using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Quoin.Wasm.Emit;

/// <summary>Lanes of one width or kind made of another.</summary>
internal static class VectorConversions
{
    public static Vector128<byte> I16x8ExtendLowI8x16S(Vector128<byte> a) =>
        Vector128.WidenLower(a.AsSByte()).AsByte();
    public static Vector128<byte> I16x8ExtmulLowI8x16S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsSByte()) * Vector128.WidenLower(b.AsSByte())).AsByte();
    public static Vector128<byte> I16x8ExtendLowI8x16U(Vector128<byte> a) => Vector128.WidenLower(a).AsByte();
    public static Vector128<byte> I16x8ExtmulLowI8x16U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a) * Vector128.WidenLower(b)).AsByte();
    public static Vector128<byte> I16x8ExtendHighI8x16S(Vector128<byte> a) =>
        Vector128.WidenUpper(a.AsSByte()).AsByte();
    public static Vector128<byte> I16x8ExtmulHighI8x16S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsSByte()) * Vector128.WidenUpper(b.AsSByte())).AsByte();
    public static Vector128<byte> I16x8ExtendHighI8x16U(Vector128<byte> a) => Vector128.WidenUpper(a).AsByte();
    public static Vector128<byte> I16x8ExtmulHighI8x16U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a) * Vector128.WidenUpper(b)).AsByte();

    public static Vector128<byte> I32x4ExtendLowI16x8S(Vector128<byte> a) =>
        Vector128.WidenLower(a.AsInt16()).AsByte();
    public static Vector128<byte> I32x4ExtmulLowI16x8S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsInt16()) * Vector128.WidenLower(b.AsInt16())).AsByte();
    public static Vector128<byte> I32x4ExtendLowI16x8U(Vector128<byte> a) =>
        Vector128.WidenLower(a.AsUInt16()).AsByte();
    public static Vector128<byte> I32x4ExtmulLowI16x8U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsUInt16()) * Vector128.WidenLower(b.AsUInt16())).AsByte();
    public static Vector128<byte> I32x4ExtendHighI16x8S(Vector128<byte> a) =>
        Vector128.WidenUpper(a.AsInt16()).AsByte();
    public static Vector128<byte> I32x4ExtmulHighI16x8S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsInt16()) * Vector128.WidenUpper(b.AsInt16())).AsByte();
    public static Vector128<byte> I32x4ExtendHighI16x8U(Vector128<byte> a) =>
        Vector128.WidenUpper(a.AsUInt16()).AsByte();
    public static Vector128<byte> I32x4ExtmulHighI16x8U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsUInt16()) * Vector128.WidenUpper(b.AsUInt16())).AsByte();

    public static Vector128<byte> I64x2ExtendLowI32x4S(Vector128<byte> a) =>
        Vector128.WidenLower(a.AsInt32()).AsByte();
    public static Vector128<byte> I64x2ExtmulLowI32x4S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsInt32()) * Vector128.WidenLower(b.AsInt32())).AsByte();
    public static Vector128<byte> I64x2ExtendLowI32x4U(Vector128<byte> a) =>
        Vector128.WidenLower(a.AsUInt32()).AsByte();
    public static Vector128<byte> I64x2ExtmulLowI32x4U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenLower(a.AsUInt32()) * Vector128.WidenLower(b.AsUInt32())).AsByte();
    public static Vector128<byte> I64x2ExtendHighI32x4S(Vector128<byte> a) =>
        Vector128.WidenUpper(a.AsInt32()).AsByte();
    public static Vector128<byte> I64x2ExtmulHighI32x4S(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsInt32()) * Vector128.WidenUpper(b.AsInt32())).AsByte();
    public static Vector128<byte> I64x2ExtendHighI32x4U(Vector128<byte> a) =>
        Vector128.WidenUpper(a.AsUInt32()).AsByte();
    public static Vector128<byte> I64x2ExtmulHighI32x4U(Vector128<byte> a, Vector128<byte> b) =>
        (Vector128.WidenUpper(a.AsUInt32()) * Vector128.WidenUpper(b.AsUInt32())).AsByte();

    // Narrowing takes its lanes as signed, whatever it makes of them.
    public static Vector128<byte> I8x16NarrowI16x8S(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackSignedSaturate(a.AsInt16(), b.AsInt16()).AsByte()
        : Vector128.NarrowWithSaturation(a.AsInt16(), b.AsInt16()).AsByte();
    public static Vector128<byte> I8x16NarrowI16x8U(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackUnsignedSaturate(a.AsInt16(), b.AsInt16())
        : Vector128.Narrow(Unsigned(a.AsInt16()), Unsigned(b.AsInt16()));
    public static Vector128<byte> I16x8NarrowI32x4S(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported
        ? Sse2.PackSignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()
        : Vector128.NarrowWithSaturation(a.AsInt32(), b.AsInt32()).AsByte();
    public static Vector128<byte> I16x8NarrowI32x4U(Vector128<byte> a, Vector128<byte> b) => Sse41.IsSupported
        ? Sse41.PackUnsignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()
        : Vector128.Narrow(Unsigned(a.AsInt32()), Unsigned(b.AsInt32())).AsByte();

    public static Vector128<byte> I32x4TruncSatF32x4S(Vector128<byte> a) =>
        Vector128.ConvertToInt32(a.AsSingle()).AsByte();
    public static Vector128<byte> I32x4TruncSatF32x4U(Vector128<byte> a) =>
        Vector128.ConvertToUInt32(a.AsSingle()).AsByte();
    public static Vector128<byte> F32x4ConvertI32x4S(Vector128<byte> a) =>
        Vector128.ConvertToSingle(a.AsInt32()).AsByte();
    public static Vector128<byte> F32x4ConvertI32x4U(Vector128<byte> a) =>
        Vector128.ConvertToSingle(a.AsUInt32()).AsByte();
    public static Vector128<byte> I32x4TruncSatF64x2SZero(Vector128<byte> a) =>
        Vector128.Create((int)a.AsDouble()[0], (int)a.AsDouble()[1], 0, 0).AsByte();
    public static Vector128<byte> I32x4TruncSatF64x2UZero(Vector128<byte> a) =>
        Vector128.Create((uint)a.AsDouble()[0], (uint)a.AsDouble()[1], 0, 0).AsByte();
    public static Vector128<byte> F64x2ConvertLowI32x4S(Vector128<byte> a) =>
        Vector128.Create((double)a.AsInt32()[0], a.AsInt32()[1]).AsByte();
    public static Vector128<byte> F64x2ConvertLowI32x4U(Vector128<byte> a) =>
        Vector128.Create((double)a.AsUInt32()[0], a.AsUInt32()[1]).AsByte();
    public static Vector128<byte> F32x4DemoteF64x2Zero(Vector128<byte> a) =>
        Vector128.Create((float)a.AsDouble()[0], (float)a.AsDouble()[1], 0, 0).AsByte();
    public static Vector128<byte> F64x2PromoteLowF32x4(Vector128<byte> a) =>
        Vector128.Create((double)a.AsSingle()[0], a.AsSingle()[1]).AsByte();

    private static Vector128<ushort> Unsigned(Vector128<short> lanes) => Vector128.Min(
        Vector128.Max(lanes, Vector128<short>.Zero), Vector128.Create((short)byte.MaxValue)).AsUInt16();

    private static Vector128<uint> Unsigned(Vector128<int> lanes) => Vector128.Min(
        Vector128.Max(lanes, Vector128<int>.Zero), Vector128.Create((int)ushort.MaxValue)).AsUInt32();
}
