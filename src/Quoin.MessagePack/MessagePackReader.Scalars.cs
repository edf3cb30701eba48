using System.Text;
using System.Text.Unicode;

namespace Quoin.MessagePack;

/// <content>Values that hold no others.</content>
public ref partial struct MessagePackReader
{
    private const string Integer = "an integer";
    private const string Number = "a number";
    private const string Text = "a string";
    private const string Timestamp = "a timestamp";

    /// <summary>Reads nil.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.WrongType"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public void ReadNil()
    {
        if (!TryPeekHeader(MessagePackType.Nil, "nil", out var header))
        {
            throw Incomplete("nil");
        }

        Advance(header.Bytes);
    }

    /// <summary>Reads nil where it is next, for values that may be absent. False, and not moved, before another type.
    /// </summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public bool TakeNil()
    {
        var isNil = PeekType() == MessagePackType.Nil;
        if (isNil)
        {
            Advance(1);
        }

        return isNil;
    }

    /// <summary>Reads false or true.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.WrongType"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public bool ReadBoolean() => TryReadBoolean(out var value) ? value : throw Incomplete("a boolean");

    /// <summary>As <see cref="ReadBoolean"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadBoolean(out bool value)
    {
        value = false;
        if (!TryPeekHeader(MessagePackType.Boolean, "a boolean", out var header))
        {
            return false;
        }

        value = header.Code == MessagePackCode.True;
        Advance(header.Bytes);
        return true;
    }

    /// <summary>Reads a whole number in any encoding of integers, the longer than needed too.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: above 2⁶³−1; <see cref="MessagePackError.Incomplete"/>,
    /// <see cref="MessagePackError.WrongType"/> (floats are none), <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public long ReadInt64() => TryReadInt64(out var value) ? value : throw Incomplete(Integer);

    /// <summary>As <see cref="ReadInt64"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadInt64(out long value) => TryReadSigned(long.MinValue, long.MaxValue, out value);

    /// <summary>Reads a whole number in any encoding of integers, the signed ones too.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: below 0; <see cref="MessagePackError.Incomplete"/>,
    /// <see cref="MessagePackError.WrongType"/> (floats are none), <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public ulong ReadUInt64() => TryReadUInt64(out var value) ? value : throw Incomplete(Integer);

    /// <summary>As <see cref="ReadUInt64"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadUInt64(out ulong value)
    {
        value = 0;
        if (!TryPeekHeader(MessagePackType.Integer, Integer, out var header))
        {
            return false;
        }

        if (header.IsNegative)
        {
            throw OutOfRange($"an integer from 0 to {ulong.MaxValue}", ((long)header.Number).ToString());
        }

        value = header.Number;
        Advance(header.Bytes);
        return true;
    }

    /// <summary>Reads a whole number of 32 bits in any encoding of integers.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: not from −2³¹ to 2³¹−1; <see cref="MessagePackError.Incomplete"/>,
    /// <see cref="MessagePackError.WrongType"/> (floats are none), <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public int ReadInt32() =>
        TryReadSigned(int.MinValue, int.MaxValue, out var value) ? (int)value : throw Incomplete(Integer);

    /// <summary>Reads a float of 4 bytes, or a float of 8 bytes or an integer that 4 bytes hold exactly.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: 4 bytes do not hold the number exactly;
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.WrongType"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public float ReadSingle()
    {
        // By its bits: a conversion there and back changes some that are not a number.
        if (!End && _segment[_at] == MessagePackCode.Float32 && TryPeekHeader(out var header))
        {
            Advance(header.Bytes);
            return BitConverter.UInt32BitsToSingle((uint)header.Number);
        }

        var start = this;
        var value = ReadDouble();
        var single = (float)value;
        if (single != value && !double.IsNaN(value))
        {
            this = start;
            throw OutOfRange("a number that a float of 4 bytes holds", value.ToString());
        }

        return single;
    }

    /// <summary>
    /// Reads a float of 4 or 8 bytes, or an integer that a float of 8 bytes holds exactly: many writers give whole
    /// floats as integers.
    /// </summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: an integer that is not held exactly;
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.WrongType"/>,
    /// <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public double ReadDouble() => TryReadDouble(out var value) ? value : throw Incomplete(Number);

    /// <summary>As <see cref="ReadDouble"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadDouble(out double value)
    {
        value = 0;
        if (!TryPeekType(out var type))
        {
            return false;
        }

        if (type is not (MessagePackType.Float or MessagePackType.Integer))
        {
            throw WrongType(Number);
        }

        if (!TryPeekHeader(out var header))
        {
            return false;
        }

        value = header.Code switch
        {
            MessagePackCode.Float32 => BitConverter.UInt32BitsToSingle((uint)header.Number),
            MessagePackCode.Float64 => BitConverter.UInt64BitsToDouble(header.Number),
            _ when header.IsNegative => (long)header.Number,
            _ => header.Number,
        };
        if (type == MessagePackType.Integer && !IsExact(header, value))
        {
            throw OutOfRange(
                "an integer that a float of 8 bytes holds",
                header.IsNegative ? ((long)header.Number).ToString() : header.Number.ToString());
        }

        Advance(header.Bytes);
        return true;
    }

    /// <summary>Reads text.</summary>
    /// <exception cref="MessagePackException">As <see cref="ReadUtf8"/>.</exception>
    public string ReadString() => TryReadString(out var text) ? text : throw Incomplete(Text);

    /// <summary>As <see cref="ReadString"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadString(out string text)
    {
        var whole = TryReadUtf8(out var utf8);
        text = whole ? Encoding.UTF8.GetString(utf8) : "";
        return whole;
    }

    /// <summary>
    /// Reads text as the UTF-8 that it is. A copy when it lies in several segments, else the input itself.
    /// </summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Malformed"/>: not UTF-8, or 0xc1; <see cref="MessagePackError.LimitExceeded"/>,
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.WrongType"/>.
    /// </exception>
    public ReadOnlySpan<byte> ReadUtf8() => TryReadUtf8(out var utf8) ? utf8 : throw Incomplete(Text);

    /// <summary>As <see cref="ReadUtf8"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadUtf8(out ReadOnlySpan<byte> utf8)
    {
        var start = this;
        if (!TryReadBody(MessagePackType.String, Text, out utf8, out _))
        {
            return false;
        }

        if (!Utf8.IsValid(utf8))
        {
            var at = Consumed - utf8.Length + Utf8Text.FirstInvalid(utf8);
            this = start;
            throw new MessagePackException(MessagePackError.Malformed, at, "UTF-8");
        }

        return true;
    }

    /// <summary>Reads bytes. A copy when they lie in several segments, else the input itself.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.LimitExceeded"/>, <see cref="MessagePackError.Incomplete"/>,
    /// <see cref="MessagePackError.WrongType"/> (strings are none), <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public ReadOnlySpan<byte> ReadBinary() => TryReadBinary(out var bytes) ? bytes : throw Incomplete("bytes");

    /// <summary>As <see cref="ReadBinary"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadBinary(out ReadOnlySpan<byte> bytes) =>
        TryReadBody(MessagePackType.Binary, "bytes", out bytes, out _);

    /// <summary>Reads an extension of any type; a copy when it lies in several segments.</summary>
    /// <param name="type">−128 to 127; from 0 the application's.</param>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.LimitExceeded"/>, <see cref="MessagePackError.Incomplete"/>,
    /// <see cref="MessagePackError.WrongType"/>, <see cref="MessagePackError.Malformed"/>.
    /// </exception>
    public ReadOnlySpan<byte> ReadExtension(out sbyte type) =>
        TryReadExtension(out type, out var bytes) ? bytes : throw Incomplete("an extension");

    /// <summary>As <see cref="ReadExtension"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadExtension(out sbyte type, out ReadOnlySpan<byte> bytes) =>
        TryReadBody(MessagePackType.Extension, "an extension", out bytes, out type);

    /// <summary>Reads a point in time, in any of the three forms.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.WrongType"/>: no extension, or of another type than −1;
    /// <see cref="MessagePackError.Malformed"/>: not 4, 8 or 12 bytes, or more than 999,999,999 nanoseconds, or 0xc1;
    /// <see cref="MessagePackError.Incomplete"/>, <see cref="MessagePackError.LimitExceeded"/>.
    /// </exception>
    public MessagePackTimestamp ReadTimestamp() =>
        TryReadTimestamp(out var timestamp) ? timestamp : throw Incomplete(Timestamp);

    /// <summary>As <see cref="ReadTimestamp"/>; false where that throws Incomplete.</summary>
    /// <exception cref="MessagePackException">As there, but not Incomplete.</exception>
    public bool TryReadTimestamp(out MessagePackTimestamp timestamp)
    {
        var start = this;
        timestamp = default;
        if (!TryReadBody(MessagePackType.Extension, Timestamp, out var body, out var type))
        {
            return false;
        }

        var isTimestamp = type == MessagePackTimestamp.ExtensionType;
        if (!isTimestamp || !MessagePackTimestamp.TryRead(body, out timestamp))
        {
            this = start;
            throw isTimestamp
                ? new MessagePackException(
                    MessagePackError.Malformed, Consumed, Timestamp, $"{body.Length} bytes of no timestamp")
                : new MessagePackException(
                    MessagePackError.WrongType, Consumed, Timestamp, $"an extension of type {type}");
        }

        return true;
    }

    /// <summary>Reads a point in time, in UTC. What is smaller than 100 nanoseconds is cut off.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.OutOfRange"/>: not in the years 1 to 9999; else as <see cref="ReadTimestamp"/>.
    /// </exception>
    public DateTimeOffset ReadDateTimeOffset()
    {
        var start = this;
        var timestamp = ReadTimestamp();
        if (!timestamp.TryToDateTimeOffset(out var time))
        {
            this = start;
            throw OutOfRange("a timestamp in the years 1 to 9999", timestamp.ToString());
        }

        return time;
    }

    /// <summary>Two to the 64th rounds to no ulong, so the comparison back would be undefined there.</summary>
    private static bool IsExact(in MessagePackHeader header, double value) => header.IsNegative
        ? (long)value == (long)header.Number
        : value < 18446744073709551616.0 && (ulong)value == header.Number;

    private bool TryReadSigned(long least, long most, out long value)
    {
        value = 0;
        if (!TryPeekHeader(MessagePackType.Integer, Integer, out var header))
        {
            return false;
        }

        value = (long)header.Number;
        if ((!header.IsNegative && value < 0) || value < least || value > most)
        {
            var found = header.IsNegative ? value.ToString() : header.Number.ToString();
            value = 0;
            throw OutOfRange($"an integer from {least} to {most}", found);
        }

        Advance(header.Bytes);
        return true;
    }

    private bool TryReadBody(
        MessagePackType type, string expected, out ReadOnlySpan<byte> body, out sbyte extensionType)
    {
        body = default;
        extensionType = 0;
        if (!TryPeekHeader(type, expected, out var header))
        {
            return false;
        }

        header.CheckLength(_limits, Consumed);
        if (Lacks(header.TotalBytes))
        {
            return false;
        }

        extensionType = header.ExtensionType;
        Advance(header.Bytes);
        body = Take((int)header.Number);
        return true;
    }

    private readonly MessagePackException OutOfRange(string expected, string found) =>
        new(MessagePackError.OutOfRange, Consumed, expected, found);
}
