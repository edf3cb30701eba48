using System.Numerics;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Numbers that many threads add to are kept in one copy a processor and summed up when read. A stripe is the
/// index of a copy; a request takes it once for all its numbers. Adds are interlocked, because a thread may move
/// to another processor between taking the stripe and adding.
/// </summary>
internal static class Stripes
{
    /// <summary>Longs of a cache line: a copy never shares one with another.</summary>
    public const int LineLongs = 8;

    /// <summary>A power of two.</summary>
    public static readonly int Count =
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, TelemetryLimits.Stripes));

    public static int Current => Thread.GetCurrentProcessorId() & (Count - 1);

    /// <summary>Longs between the copies of a series of <paramref name="cells"/> numbers.</summary>
    public static int Stride(int cells) => (cells + LineLongs - 1) / LineLongs * LineLongs;

    /// <summary>One line in front keeps the array's length, which every access reads, off the first copy.</summary>
    public static long[] Allocate(int cells) => new long[LineLongs + (Count * Stride(cells))];
}
