using System.Buffers;
using Quoin.MessagePack;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// Breakers: names. BreakersOpen: of each name the milliseconds that it is open yet, 0 where it is not. OpenBreaker:
/// name, milliseconds. CloseBreaker: name.
/// </summary>
internal static class BreakerMessages
{
    public static void WriteQuestion(IBufferWriter<byte> output, long id, IReadOnlyList<string> names)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.Breakers, id, names.Count);
        foreach (var name in names)
        {
            writer.WriteString(BucketMessages.NameOf(name));
        }
    }

    /// <summary>False: too many.</summary>
    public static bool TryReadQuestion(ref MessagePackReader reader, int fields, out string[] names)
    {
        names = [];
        if (fields is < 0 or > SharingLimits.BreakersAtOnce)
        {
            return false;
        }

        names = new string[fields];
        for (var i = 0; i < fields; i++)
        {
            names[i] = reader.ReadString();
        }

        return true;
    }

    public static void WriteAnswer(IBufferWriter<byte> output, long id, ReadOnlySpan<TimeSpan> left)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.BreakersOpen, id, left.Length);
        foreach (var time in left)
        {
            writer.WriteInteger((long)Math.Ceiling(time.TotalMilliseconds));
        }
    }

    /// <summary>Null: it is not an answer to so many names.</summary>
    public static TimeSpan?[]? ReadAnswer(ref MessagePackReader reader, int fields, int names)
    {
        if (fields != names)
        {
            return null;
        }

        var left = new TimeSpan?[fields];
        for (var i = 0; i < fields; i++)
        {
            if (!TryReadTime(ref reader, least: 0, out var time))
            {
                return null;
            }

            left[i] = time > TimeSpan.Zero ? time : null;
        }

        return left;
    }

    public static void WriteOpen(IBufferWriter<byte> output, string name, TimeSpan left)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.OpenBreaker, 0, 2);
        writer.WriteString(BucketMessages.NameOf(name));
        writer.WriteInteger(
            (long)Math.Ceiling(Math.Min(left.TotalMilliseconds, SharingLimits.BreakerTime.TotalMilliseconds)));
    }

    public static bool TryReadOpen(ref MessagePackReader reader, out string name, out TimeSpan left)
    {
        name = reader.ReadString();
        return TryReadTime(ref reader, least: 1, out left);
    }

    public static void WriteClose(IBufferWriter<byte> output, string name)
    {
        var writer = new MessagePackWriter(output);
        SharedHeader.Write(writer, SharedKind.CloseBreaker, 0, 1);
        writer.WriteString(BucketMessages.NameOf(name));
    }

    private static bool TryReadTime(ref MessagePackReader reader, long least, out TimeSpan time)
    {
        var milliseconds = reader.ReadInt64();
        time = default;
        if (milliseconds < least || milliseconds > (long)SharingLimits.BreakerTime.TotalMilliseconds)
        {
            return false;
        }

        time = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
