using System.Runtime.CompilerServices;

namespace Quoin.Wasm.Emit;

/// <summary>Numeric instructions that the common language has no exact instruction for.</summary>
internal static class ScalarOperations
{
    /// <summary>
    /// An unsigned 64-bit integer to the nearest f32, rounded once: by way of f64 it would be rounded twice. Above the
    /// signed range it is halved, and the bit that falls out is kept for rounding.
    /// </summary>
    public static float ToSingle(ulong value) =>
        value <= long.MaxValue ? (long)value : (long)((value >> 1) | (value & 1)) * 2f;

    /// <summary>
    /// Not inlined: the compiler would cancel it against a conversion the other way, which leaves a signalling NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float Demote(double value) => (float)value;

    public static int Saturate32(float value) => (int)value;

    public static int Saturate32(double value) => (int)value;

    public static int SaturateUnsigned32(float value) => (int)(uint)value;

    public static int SaturateUnsigned32(double value) => (int)(uint)value;

    public static long Saturate64(float value) => (long)value;

    public static long Saturate64(double value) => (long)value;

    public static long SaturateUnsigned64(float value) => (long)(ulong)value;

    public static long SaturateUnsigned64(double value) => (long)(ulong)value;
}
