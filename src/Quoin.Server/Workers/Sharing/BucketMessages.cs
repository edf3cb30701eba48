using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Server.Workers.Sharing;

/// <summary>Whose buckets: a key may have one of the same name in each.</summary>
internal enum SharedTable
{
    /// <summary>Of <c>rate_limit</c>.</summary>
    Limits = 0,

    /// <summary>Of the middleware <c>ratelimit</c>.</summary>
    Routes = 1,
}

/// <summary>
/// Take and Settle: table, then of each bucket scope, name, address, unit, seconds, count, units (of a settlement the
/// difference). Taken: whether the last was refused, then of each bucket left, wait and full, in microseconds.
/// </summary>
internal static class BucketMessages
{
    /// <summary>Ticks of a second of the times in an answer.</summary>
    public const long Frequency = 1_000_000;

    private const int ClaimFields = 7;
    private const int StateFields = 3;

    public static void WriteTake(
        IBufferWriter<byte> output, long id, SharedTable table, ReadOnlySpan<BucketClaim> claims)
    {
        var writer = Begin(output, SharedKind.Take, id, table, claims.Length);
        foreach (ref readonly var claim in claims)
        {
            Write(writer, claim, claim.Taken);
        }
    }

    public static void WriteSettle(IBufferWriter<byte> output, SharedTable table, in BucketClaim claim, long difference)
    {
        var writer = Begin(output, SharedKind.Settle, 0, table, 1);
        Write(writer, claim, Math.Clamp(difference, -SharingLimits.Units, SharingLimits.Units));
    }

    /// <summary>False: what it asks for cannot be.</summary>
    public static bool TryRead(
        ref MessagePackReader reader, int fields, long leastUnits, out SharedTable table, out BucketClaim[] claims)
    {
        var count = (fields - 1) / ClaimFields;
        (table, claims) = ((SharedTable)reader.ReadInt32(), []);
        if (count is < 1 or > SharingLimits.Claims || fields != 1 + (count * ClaimFields) || !Enum.IsDefined(table))
        {
            return false;
        }

        claims = new BucketClaim[count];
        for (var i = 0; i < count; i++)
        {
            var (scope, name, address) = ((BucketScope)reader.ReadInt32(), reader.ReadString(), reader.ReadUInt64());
            var (unit, seconds) = ((LimitUnit)reader.ReadInt32(), reader.ReadInt32());
            var (rate, units) = (reader.ReadInt64(), reader.ReadInt64());
            if (!Enum.IsDefined(scope) || !Enum.IsDefined(unit) || seconds is < 1 or > SharingLimits.Seconds
                || rate is < 1 or > SharingLimits.Units || units < leastUnits || units > SharingLimits.Units)
            {
                return false;
            }

            claims[i] = new BucketClaim(
                new Limit(unit, scope == BucketScope.Model), new BucketId(scope, name, address, unit, seconds),
                new Rate(rate, seconds), units);
        }

        return true;
    }

    /// <param name="frequency">Ticks of a second of the states.</param>
    public static void WriteTaken(
        IBufferWriter<byte> output, long id, ReadOnlySpan<BucketState> states, long frequency)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.Taken, id, 1 + (states.Length * StateFields));
        writer.WriteBoolean(states[^1].Answer == BucketAnswer.Refused);
        foreach (ref readonly var state in states)
        {
            writer.WriteInteger(state.Left);
            writer.WriteInteger(Microseconds(state.Wait, frequency));
            writer.WriteInteger(Microseconds(state.Full, frequency));
        }
    }

    /// <summary>Null: it is not an answer to so many claims.</summary>
    public static BucketState[]? ReadTaken(ref MessagePackReader reader, int fields, int claims)
    {
        var count = (fields - 1) / StateFields;
        var refused = reader.ReadBoolean();
        if (count < 1 || count > claims || fields != 1 + (count * StateFields) || (!refused && count != claims))
        {
            return null;
        }

        var states = new BucketState[count];
        for (var i = 0; i < count; i++)
        {
            states[i] = new BucketState(
                refused && i == count - 1 ? BucketAnswer.Refused : BucketAnswer.Taken,
                reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
        }

        return states;
    }

    /// <summary>As it goes over the wire.</summary>
    public static string NameOf(string name) => name.Length <= SharingLimits.NameChars
        ? name
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    private static MessagePackWriter Begin(
        IBufferWriter<byte> output, SharedKind kind, long id, SharedTable table, int claims)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, kind, id, 1 + (claims * ClaimFields));
        writer.WriteInteger((int)table);
        return writer;
    }

    private static void Write(MessagePackWriter writer, in BucketClaim claim, long units)
    {
        writer.WriteInteger((int)claim.Id.Scope);
        writer.WriteString(NameOf(claim.Id.Name));
        writer.WriteInteger(claim.Id.Address);
        writer.WriteInteger((int)claim.Id.Unit);
        writer.WriteInteger(claim.Id.Seconds);
        writer.WriteInteger(claim.Rate.Count);
        writer.WriteInteger(units);
    }

    // Rounded up: who comes early is refused again.
    private static long Microseconds(long ticks, long frequency) =>
        (long)((((Int128)ticks * Frequency) + frequency - 1) / frequency);
}
