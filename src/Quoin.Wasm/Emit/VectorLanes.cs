using System.Runtime.Intrinsics;

namespace Quoin.Wasm.Emit;

/// <summary>Lanes moved in, out and about.</summary>
internal static class VectorLanes
{
    public static Vector128<byte> I8x16Splat(int value) => Vector128.Create((sbyte)value).AsByte();
    public static Vector128<byte> I16x8Splat(int value) => Vector128.Create((short)value).AsByte();
    public static Vector128<byte> I32x4Splat(int value) => Vector128.Create(value).AsByte();
    public static Vector128<byte> I64x2Splat(long value) => Vector128.Create(value).AsByte();
    public static Vector128<byte> F32x4Splat(float value) => Vector128.Create(value).AsByte();
    public static Vector128<byte> F64x2Splat(double value) => Vector128.Create(value).AsByte();

    public static int I8x16ExtractLaneS(Vector128<byte> a, int lane) => a.AsSByte()[lane];
    public static int I8x16ExtractLaneU(Vector128<byte> a, int lane) => a[lane];
    public static Vector128<byte> I8x16ReplaceLane(Vector128<byte> a, int value, int lane) =>
        a.AsSByte().WithElement(lane, (sbyte)value).AsByte();
    public static int I16x8ExtractLaneS(Vector128<byte> a, int lane) => a.AsInt16()[lane];
    public static int I16x8ExtractLaneU(Vector128<byte> a, int lane) => a.AsUInt16()[lane];
    public static Vector128<byte> I16x8ReplaceLane(Vector128<byte> a, int value, int lane) =>
        a.AsInt16().WithElement(lane, (short)value).AsByte();
    public static int I32x4ExtractLane(Vector128<byte> a, int lane) => a.AsInt32()[lane];
    public static Vector128<byte> I32x4ReplaceLane(Vector128<byte> a, int value, int lane) =>
        a.AsInt32().WithElement(lane, value).AsByte();
    public static long I64x2ExtractLane(Vector128<byte> a, int lane) => a.AsInt64()[lane];
    public static Vector128<byte> I64x2ReplaceLane(Vector128<byte> a, long value, int lane) =>
        a.AsInt64().WithElement(lane, value).AsByte();
    public static float F32x4ExtractLane(Vector128<byte> a, int lane) => a.AsSingle()[lane];
    public static Vector128<byte> F32x4ReplaceLane(Vector128<byte> a, float value, int lane) =>
        a.AsSingle().WithElement(lane, value).AsByte();
    public static double F64x2ExtractLane(Vector128<byte> a, int lane) => a.AsDouble()[lane];
    public static Vector128<byte> F64x2ReplaceLane(Vector128<byte> a, double value, int lane) =>
        a.AsDouble().WithElement(lane, value).AsByte();

    // What was loaded: 64 bits widened, one lane for all, one lane and zeros.
    public static Vector128<byte> V128Load8x8S(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsSByte()).AsByte();
    public static Vector128<byte> V128Load8x8U(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsByte()).AsByte();
    public static Vector128<byte> V128Load16x4S(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsInt16()).AsByte();
    public static Vector128<byte> V128Load16x4U(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsUInt16()).AsByte();
    public static Vector128<byte> V128Load32x2S(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsInt32()).AsByte();
    public static Vector128<byte> V128Load32x2U(long loaded) =>
        Vector128.WidenLower(Vector128.CreateScalar(loaded).AsUInt32()).AsByte();
    public static Vector128<byte> V128Load8Splat(int loaded) => Vector128.Create((byte)loaded);
    public static Vector128<byte> V128Load16Splat(int loaded) => Vector128.Create((short)loaded).AsByte();
    public static Vector128<byte> V128Load32Splat(int loaded) => Vector128.Create(loaded).AsByte();
    public static Vector128<byte> V128Load64Splat(long loaded) => Vector128.Create(loaded).AsByte();
    public static Vector128<byte> V128Load32Zero(int loaded) => Vector128.CreateScalar(loaded).AsByte();
    public static Vector128<byte> V128Load64Zero(long loaded) => Vector128.CreateScalar(loaded).AsByte();

    public static Vector128<byte> V128Load8Lane(int loaded, Vector128<byte> a, int lane) =>
        a.AsSByte().WithElement(lane, (sbyte)loaded).AsByte();
    public static int V128Store8Lane(Vector128<byte> a, int lane) => a.AsSByte()[lane];
    public static Vector128<byte> V128Load16Lane(int loaded, Vector128<byte> a, int lane) =>
        a.AsInt16().WithElement(lane, (short)loaded).AsByte();
    public static int V128Store16Lane(Vector128<byte> a, int lane) => a.AsInt16()[lane];
    public static Vector128<byte> V128Load32Lane(int loaded, Vector128<byte> a, int lane) =>
        a.AsInt32().WithElement(lane, loaded).AsByte();
    public static int V128Store32Lane(Vector128<byte> a, int lane) => a.AsInt32()[lane];
    public static Vector128<byte> V128Load64Lane(long loaded, Vector128<byte> a, int lane) =>
        a.AsInt64().WithElement(lane, loaded).AsByte();
    public static long V128Store64Lane(Vector128<byte> a, int lane) => a.AsInt64()[lane];

    // An index outside gives zero; of two vectors, the second begins at 16.
    public static Vector128<byte> I8x16Swizzle(Vector128<byte> a, Vector128<byte> indices) =>
        Vector128.Shuffle(a, indices);
    public static Vector128<byte> I8x16Shuffle(Vector128<byte> a, Vector128<byte> b, Vector128<byte> indices) =>
        Vector128.Shuffle(a, indices) | Vector128.Shuffle(b, indices - Vector128.Create((byte)16));
}
