using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Quoin.MessagePack;

/// <summary>
/// A point in time of the MessagePack specification ("Timestamp extension type", type −1): seconds since 1970 without
/// leap seconds, and nanoseconds that count onwards from them, before 1970 too. The default is 1970.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MessagePackTimestamp
{
    /// <summary>The extension's type.</summary>
    public const sbyte ExtensionType = -1;

    private const int NanosecondsPerTick = 100;
    private const int MaxNanoseconds = 999_999_999;

    /// <summary>400 years, after which the calendar repeats.</summary>
    private const long CycleSeconds = 146_097L * 86_400;

    private const long YearZero = -62_167_219_200;
    private const long YearOne = -62_135_596_800;
    private const long LastSecond = 253_402_300_799;

    /// <summary>A point in time.</summary>
    /// <param name="seconds">Seconds since 1970; any value.</param>
    /// <param name="nanoseconds">0 to 999,999,999, to be added.</param>
    /// <exception cref="ArgumentOutOfRangeException">The nanoseconds are not in their range.</exception>
    public MessagePackTimestamp(long seconds, int nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nanoseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nanoseconds, MaxNanoseconds);
        Seconds = seconds;
        Nanoseconds = nanoseconds;
    }

    /// <summary>Whole seconds since 1970-01-01T00:00:00Z, rounded down.</summary>
    public long Seconds { get; }

    /// <summary>What is to be added to <see cref="Seconds"/>: 0 to 999,999,999.</summary>
    public int Nanoseconds { get; }

    /// <summary>Bytes of the shortest of the three forms: 4, 8 or 12.</summary>
    internal int Bytes => (ulong)Seconds >> 34 != 0 ? 12 : Nanoseconds != 0 || Seconds > uint.MaxValue ? 8 : 4;

    /// <summary>The same point in time, exactly; the offset from UTC is not kept.</summary>
    public static MessagePackTimestamp FromDateTimeOffset(DateTimeOffset time)
    {
        // Rounded down: ticks since the year 1 are never negative.
        var (seconds, ticks) = Math.DivRem(time.UtcTicks, TimeSpan.TicksPerSecond);
        return new(seconds + YearOne, (int)ticks * NanosecondsPerTick);
    }

    /// <summary>
    /// As a time in UTC, in ticks of 100 nanoseconds: smaller parts are cut off. False for what is not in the years 1
    /// to 9999.
    /// </summary>
    public bool TryToDateTimeOffset(out DateTimeOffset time)
    {
        var fits = Seconds is >= YearOne and <= LastSecond;
        time = fits
            ? DateTimeOffset.FromUnixTimeSeconds(Seconds).AddTicks(Nanoseconds / NanosecondsPerTick)
            : default;
        return fits;
    }

    /// <summary>
    /// As RFC 3339 writes it, in UTC, with as many digits of the second as are needed:
    /// <c>2018-01-02T03:04:05.5Z</c>. False for what is not in the years 0 to 9999.
    /// </summary>
    public bool TryFormat(out string text)
    {
        text = "";
        if (Seconds is < YearZero or > LastSecond)
        {
            return false;
        }

        // DateTimeOffset begins with the year 1; 400 years later the year 0 looks the same.
        var isYearZero = Seconds < YearOne;
        var time = DateTimeOffset.FromUnixTimeSeconds(isYearZero ? Seconds + CycleSeconds : Seconds);
        var fraction = Nanoseconds == 0
            ? ""
            : "." + Nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        text = (isYearZero ? "0000" : time.Year.ToString("D4", CultureInfo.InvariantCulture))
            + time.ToString("'-'MM'-'dd'T'HH':'mm':'ss", CultureInfo.InvariantCulture) + fraction + "Z";
        return true;
    }

    /// <summary>As <see cref="TryFormat"/>, else seconds and nanoseconds.</summary>
    public override string ToString() =>
        TryFormat(out var text) ? text : string.Create(CultureInfo.InvariantCulture, $"{Seconds}s+{Nanoseconds}ns");

    /// <summary>
    /// The extension's bytes. 4: seconds, unsigned. 8: nanoseconds in 30 bits, then seconds in 34. 12: nanoseconds in 4
    /// bytes, then seconds, signed, in 8.
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<byte> body, out MessagePackTimestamp timestamp)
    {
        var (seconds, nanoseconds) = body.Length switch
        {
            4 => (BinaryPrimitives.ReadUInt32BigEndian(body), 0u),
            8 when BinaryPrimitives.ReadUInt64BigEndian(body) is var both =>
                ((long)(both & 0x3_ffff_ffff), (uint)(both >> 34)),
            12 => (BinaryPrimitives.ReadInt64BigEndian(body[4..]), BinaryPrimitives.ReadUInt32BigEndian(body)),
            _ => (0L, uint.MaxValue),
        };
        var sound = nanoseconds <= MaxNanoseconds;
        timestamp = sound ? new(seconds, (int)nanoseconds) : default;
        return sound;
    }

    /// <summary>Fills <see cref="Bytes"/> bytes.</summary>
    internal void Write(Span<byte> body)
    {
        switch (Bytes)
        {
            case 4:
                BinaryPrimitives.WriteUInt32BigEndian(body, (uint)Seconds);
                break;
            case 8:
                BinaryPrimitives.WriteUInt64BigEndian(body, ((ulong)Nanoseconds << 34) | (ulong)Seconds);
                break;
            default:
                BinaryPrimitives.WriteInt32BigEndian(body, Nanoseconds);
                BinaryPrimitives.WriteInt64BigEndian(body[4..], Seconds);
                break;
        }
    }
}
