using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// A kept answer as bytes, in a file or in Redis. Little-endian:
/// <code>
/// "QNC1" | check 16: SHA-256 of the rest, cut | created 8, expires 8, drop at 8: Unix milliseconds | flags 1
/// | tenant, route, content type, provider, model: length 2, UTF-8 | body: all that is left
/// </code>
/// Flags: 1 streamed, 2 with the usage chunk. What does not check is no entry: a torn write, another version.
/// </summary>
internal static class EntryFormat
{
    private const int CheckBytes = 16;
    private const int HeadBytes = 4 + CheckBytes + 8 + 8 + 8 + 1;

    private static ReadOnlySpan<byte> Magic => "QNC1"u8;

    public static byte[] Write(CachedAnswer answer, DateTimeOffset dropAt)
    {
        string[] names = [answer.Tenant, answer.Route, answer.ContentType, answer.Provider, answer.Model];
        var bytes = new byte[HeadBytes + names.Sum(name => 2 + Encoding.UTF8.GetByteCount(name)) + answer.Body.Length];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        var at = 4 + CheckBytes;
        foreach (var time in (DateTimeOffset[])[answer.Created, answer.Expires, dropAt])
        {
            BinaryPrimitives.WriteInt64LittleEndian(span[at..], time.ToUnixTimeMilliseconds());
            at += 8;
        }

        span[at++] = (byte)((answer.Streamed ? 1 : 0) | (answer.UsageIncluded ? 2 : 0));
        foreach (var name in names)
        {
            var length = Encoding.UTF8.GetBytes(name, span[(at + 2)..]);
            BinaryPrimitives.WriteUInt16LittleEndian(span[at..], checked((ushort)length));
            at += 2 + length;
        }

        answer.Body.Span.CopyTo(span[at..]);
        Check(span, span[4..(4 + CheckBytes)]);
        return bytes;
    }

    /// <summary>Null for what is no whole entry.</summary>
    public static (CachedAnswer Answer, DateTimeOffset DropAt)? Read(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < HeadBytes || !span.StartsWith(Magic))
        {
            return null;
        }

        Span<byte> check = stackalloc byte[CheckBytes];
        Check(span, check);
        if (!check.SequenceEqual(span.Slice(4, CheckBytes)))
        {
            return null;
        }

        var at = 4 + CheckBytes;
        var times = new DateTimeOffset[3];
        for (var i = 0; i < times.Length; i++, at += 8)
        {
            times[i] = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(span[at..]));
        }

        var flags = span[at++];
        var names = new string[5];
        for (var i = 0; i < names.Length; i++)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(span[at..]);
            names[i] = Encoding.UTF8.GetString(span.Slice(at + 2, length));
            at += 2 + length;
        }

        return (new CachedAnswer
        {
            Created = times[0],
            Expires = times[1],
            Streamed = (flags & 1) != 0,
            UsageIncluded = (flags & 2) != 0,
            Tenant = names[0],
            Route = names[1],
            ContentType = names[2],
            Provider = names[3],
            Model = names[4],
            Body = bytes[at..],
        }, times[2]);
    }

    private static void Check(ReadOnlySpan<byte> entry, Span<byte> check)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(entry[(4 + CheckBytes)..], hash);
        hash[..CheckBytes].CopyTo(check);
    }
}
