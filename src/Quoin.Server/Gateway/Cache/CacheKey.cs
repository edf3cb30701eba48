using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Quoin.Server.Gateway.Cache;

/// <summary>A SHA-256 over all that an answer depends on. Told to clients as 64 hexadecimal digits.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheKey(ulong A, ulong B, ulong C, ulong D)
{
    public const int Bytes = 32;

    public static CacheKey From(ReadOnlySpan<byte> hash) => new(
        BinaryPrimitives.ReadUInt64BigEndian(hash),
        BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));

    public static bool TryParse(string? hex, out CacheKey key)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        var read = hex?.Length == Bytes * 2
            && Convert.FromHexString(hex, hash, out _, out _) == System.Buffers.OperationStatus.Done;
        key = read ? From(hash) : default;
        return read;
    }

    public override string ToString()
    {
        Span<byte> hash = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt64BigEndian(hash, A);
        BinaryPrimitives.WriteUInt64BigEndian(hash[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(hash[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(hash[24..], D);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>The hash is uniform already.</summary>
    public override int GetHashCode() => (int)A;

    public bool Equals(CacheKey other) => A == other.A && B == other.B && C == other.C && D == other.D;
}
