using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quoin.Quic.Protocol;

/// <summary>
/// A connection id of up to 20 bytes (RFC 9000, 17.2) as a key. Those of a first packet are the client's choice, so
/// the hash is seeded by the process.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct ConnectionId : IEquatable<ConnectionId>
{
    public const int MaxBytes = 20;

    private readonly Bytes _bytes;
    private readonly byte _length;

    public ConnectionId(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.As<Bytes, byte>(ref _bytes), MaxBytes));
        _length = (byte)bytes.Length;
    }

    public ReadOnlySpan<byte> Span => MemoryMarshal.CreateReadOnlySpan(
        ref Unsafe.As<Bytes, byte>(ref Unsafe.AsRef(in _bytes)), _length);

    public bool Equals(ConnectionId other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is ConnectionId other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Convert.ToHexStringLower(Span);

    [InlineArray(MaxBytes)]
    private struct Bytes
    {
        private byte _first;
    }
}
