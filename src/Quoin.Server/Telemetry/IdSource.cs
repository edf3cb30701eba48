using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Random numbers for request and trace ids: SplitMix64 (Steele, Lea, Flood, 2014). Its state is a counter, so one
/// interlocked add makes it safe for all threads, and no number comes twice within 2^64. The ids must be unique,
/// not secret: nothing may be guarded by one.
/// </summary>
internal sealed class IdSource(ulong seed, ulong key)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>Seeded by the system, as every process must be to have ids of its own.</summary>
    public static IdSource FromSystem()
    {
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        return new(BinaryPrimitives.ReadUInt64LittleEndian(seed), BinaryPrimitives.ReadUInt64LittleEndian(seed[8..]));
    }

    public ulong Next()
    {
        // The key parts two processes whose counters happen to run over the same stretch.
        var z = Interlocked.Add(ref _state, Step) ^ key;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Trace Context has no id of zeros.</summary>
    public ulong NextNonZero()
    {
        var next = Next();
        return next != 0 ? next : 1;
    }
}
