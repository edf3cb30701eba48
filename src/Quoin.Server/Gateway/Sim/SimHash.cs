using System.Buffers.Binary;
using System.Text;

namespace Quoin.Server.Gateway.Sim;

/// <summary>A 64-bit hash for seeds and ids: the same everywhere and always; not against attackers.</summary>
internal struct SimHash(ulong seed)
{
    public ulong Value { get; private set; } = Mix(seed);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var hash = Value ^ (ulong)bytes.Length;
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Step(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        var rest = 0UL;
        foreach (var b in bytes)
        {
            rest = (rest << 8) | b;
        }

        Value = Mix(Step(hash, rest));
    }

    public void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    /// <summary>The finaliser of SplitMix64: each input bit changes about half of the output's.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static ulong Step(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9FB21C651E98DF25;
        return hash ^ (hash >> 32);
    }
}
