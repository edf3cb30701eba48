using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// A kept answer as bytes, in a file or in Redis. Little-endian:
/// <code>
/// "QNC2" | head length 4 | check of the head 16 | head | body
/// head: body length 4 | check of the body 16 | created 8, expires 8, drop at 8: Unix milliseconds | flags 1
///       | usage 5 × 4, -1: not told | tenant, route, content type, provider, model: length 2, UTF-8
/// </code>
/// A check is a SHA-256, cut. Flags: 1 streamed, 2 with the usage chunk. What does not check is no entry: a torn
/// write, another version. The head can be read without the body.
/// </summary>
internal static class EntryFormat
{
    /// <summary>Of a head with its mark and check; names are bounded by <see cref="CacheLimits.NameChars"/>.</summary>
    public const int HeadBytes = FixedBytes + (5 * 3 * CacheLimits.NameChars);

    private const int CheckBytes = 16;
    private const int MarkBytes = 4 + 4 + CheckBytes;
    private const int FixedBytes = MarkBytes + 4 + CheckBytes + (3 * 8) + 1 + (5 * 4) + (5 * 2);

    private static ReadOnlySpan<byte> Magic => "QNC2"u8;

    public static byte[] Write(CachedAnswer answer, DateTimeOffset dropAt)
    {
        string[] names = [answer.Tenant, answer.Route, answer.ContentType, answer.Provider, answer.Model];
        var head = FixedBytes - MarkBytes + names.Sum(Encoding.UTF8.GetByteCount);
        var bytes = new byte[MarkBytes + head + answer.Body.Length];
        var span = bytes.AsSpan();
        answer.Body.Span.CopyTo(span[(MarkBytes + head)..]);
        Magic.CopyTo(span);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], head);
        var rest = span.Slice(MarkBytes, head);
        Put(ref rest, answer.Body.Length);
        Check(answer.Body.Span, rest);
        rest = rest[CheckBytes..];
        foreach (var time in (ReadOnlySpan<DateTimeOffset>)[answer.Created, answer.Expires, dropAt])
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, time.ToUnixTimeMilliseconds());
            rest = rest[8..];
        }

        rest[0] = (byte)((answer.Streamed ? 1 : 0) | (answer.UsageIncluded ? 2 : 0));
        rest = rest[1..];
        var usage = answer.Usage;
        foreach (var tokens in (ReadOnlySpan<int?>)[
            usage?.InputTokens, usage?.OutputTokens, usage?.CachedInputTokens, usage?.CacheWriteTokens,
            usage?.ReasoningTokens])
        {
            Put(ref rest, tokens ?? -1);
        }

        foreach (var name in names)
        {
            var length = Encoding.UTF8.GetBytes(name, rest[2..]);
            BinaryPrimitives.WriteUInt16LittleEndian(rest, checked((ushort)length));
            rest = rest[(2 + length)..];
        }

        Check(span.Slice(MarkBytes, head), span[8..]);
        return bytes;
    }

    /// <summary>Null for what is no whole entry.</summary>
    public static Entry? Read(ReadOnlyMemory<byte> bytes)
    {
        if (ReadHead(bytes.Span, bytes.Length) is not { } entry)
        {
            return null;
        }

        var body = bytes[^entry.BodyLength..];
        Span<byte> check = stackalloc byte[CheckBytes];
        Check(body.Span, check);
        return check.SequenceEqual(bytes.Span.Slice(MarkBytes + 4, CheckBytes))
            ? entry with { Answer = entry.Answer with { Body = body } }
            : null;
    }

    /// <summary>Reads what stands before the body; null for what is no entry, or not of that length.</summary>
    /// <param name="start">Its first bytes: <see cref="HeadBytes"/>, or all where there are less.</param>
    /// <param name="length">Of the whole entry.</param>
    public static Entry? ReadHead(ReadOnlySpan<byte> start, long length)
    {
        if (start.Length < FixedBytes || !start.StartsWith(Magic)
            || BinaryPrimitives.ReadInt32LittleEndian(start[4..]) is var head
            && (head < FixedBytes - MarkBytes || head > start.Length - MarkBytes))
        {
            return null;
        }

        Span<byte> check = stackalloc byte[CheckBytes];
        var rest = start.Slice(MarkBytes, head);
        Check(rest, check);
        var bodyLength = BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (!check.SequenceEqual(start.Slice(8, CheckBytes)) || bodyLength < 0
            || length != (long)MarkBytes + head + bodyLength)
        {
            return null;
        }

        rest = rest[(4 + CheckBytes)..];
        Span<long> times = [0, 0, 0];
        foreach (ref var time in times)
        {
            time = BinaryPrimitives.ReadInt64LittleEndian(rest);
            rest = rest[8..];
        }

        var flags = rest[0];
        rest = rest[1..];
        Span<int> usage = [0, 0, 0, 0, 0];
        foreach (ref var tokens in usage)
        {
            tokens = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[4..];
        }

        return ReadNames(rest) is [var tenant, var route, var contentType, var provider, var model]
            && TimeOf(times[0]) is { } created && TimeOf(times[1]) is { } expires && TimeOf(times[2]) is { } dropAt
            ? new Entry(
                new CachedAnswer
                {
                    Created = created,
                    Expires = expires,
                    Streamed = (flags & 1) != 0,
                    UsageIncluded = (flags & 2) != 0,
                    Usage = UsageOf(usage),
                    Tenant = tenant,
                    Route = route,
                    ContentType = contentType,
                    Provider = provider,
                    Model = model,
                    Body = default,
                },
                dropAt,
                bodyLength)
            : null;
    }

    private static string[]? ReadNames(ReadOnlySpan<byte> rest)
    {
        var names = new string[5];
        for (var i = 0; i < names.Length; i++)
        {
            if (rest.Length < 2
                || BinaryPrimitives.ReadUInt16LittleEndian(rest) is var length && length > rest.Length - 2)
            {
                return null;
            }

            names[i] = Encoding.UTF8.GetString(rest.Slice(2, length));
            rest = rest[(2 + length)..];
        }

        return rest.IsEmpty ? names : null;
    }

    private static Usage? UsageOf(ReadOnlySpan<int> tokens) =>
        tokens.ContainsAnyExcept(-1)
            ? new Usage
            {
                InputTokens = Told(tokens[0]),
                OutputTokens = Told(tokens[1]),
                CachedInputTokens = Told(tokens[2]),
                CacheWriteTokens = Told(tokens[3]),
                ReasoningTokens = Told(tokens[4]),
            }
            : null;

    private static int? Told(int tokens) => tokens < 0 ? null : tokens;

    private static DateTimeOffset? TimeOf(long milliseconds) =>
        milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds()
        && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    private static void Put(ref Span<byte> rest, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, value);
        rest = rest[4..];
    }

    private static void Check(ReadOnlySpan<byte> bytes, Span<byte> check)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        hash[..CheckBytes].CopyTo(check);
    }

    /// <param name="DropAt">It is of no use from then on.</param>
    internal sealed record Entry(CachedAnswer Answer, DateTimeOffset DropAt, int BodyLength);
}
