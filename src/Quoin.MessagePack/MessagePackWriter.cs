using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Quoin.MessagePack;

/// <summary>
/// Writes values to a buffer as the MessagePack specification has them, each in its shortest form, and allocates
/// nothing. What a call writes is in the buffer when it returns; a call that throws has written nothing. Arrays and
/// maps are a header with a count, then that many values or pairs: that they are written is the caller's duty.
/// </summary>
public readonly ref struct MessagePackWriter
{
    /// <summary>A character of UTF-16 becomes three bytes at most, beside a header of five.</summary>
    private const int MaxCharacters = (int.MaxValue - 64) / 3;

    private const int MaxBytes = int.MaxValue - 64;

    private readonly IBufferWriter<byte> _output;

    /// <summary>A writer to the buffer, which stays the caller's.</summary>
    /// <exception cref="ArgumentNullException">There is no buffer.</exception>
    public MessagePackWriter(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
    }

    /// <summary>Writes nil: 1 byte.</summary>
    public void WriteNil() => WriteByte(MessagePackCode.Nil);

    /// <summary>Writes false or true: 1 byte.</summary>
    public void WriteBoolean(bool value) => WriteByte(value ? MessagePackCode.True : MessagePackCode.False);

    /// <summary>Writes a whole number: 1, 2, 3, 5 or 9 bytes; one that is not negative as unsigned.</summary>
    public void WriteInteger(long value)
    {
        switch (value)
        {
            case >= 0:
                WriteInteger((ulong)value);
                break;
            case >= -32:
                WriteByte((byte)value);
                break;
            case >= sbyte.MinValue:
                WriteNumber(MessagePackCode.Int8, (byte)value);
                break;
            case >= short.MinValue:
                WriteNumber(MessagePackCode.Int16, (ushort)value);
                break;
            case >= int.MinValue:
                WriteNumber(MessagePackCode.Int32, (uint)value);
                break;
            default:
                WriteNumber(MessagePackCode.Int64, (ulong)value);
                break;
        }
    }

    /// <summary>Writes a whole number: 1, 2, 3, 5 or 9 bytes.</summary>
    public void WriteInteger(ulong value)
    {
        switch (value)
        {
            case < MessagePackCode.FixMap:
                WriteByte((byte)value);
                break;
            case <= byte.MaxValue:
                WriteNumber(MessagePackCode.UInt8, (byte)value);
                break;
            case <= ushort.MaxValue:
                WriteNumber(MessagePackCode.UInt16, (ushort)value);
                break;
            case <= uint.MaxValue:
                WriteNumber(MessagePackCode.UInt32, (uint)value);
                break;
            default:
                WriteNumber(MessagePackCode.UInt64, value);
                break;
        }
    }

    /// <summary>Writes float 32: 5 bytes, of not-a-number too all its bits.</summary>
    public void WriteSingle(float value) =>
        WriteNumber(MessagePackCode.Float32, BitConverter.SingleToUInt32Bits(value));

    /// <summary>Writes float 64: 9 bytes, of not-a-number too all its bits.</summary>
    public void WriteDouble(double value) =>
        WriteNumber(MessagePackCode.Float64, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Writes text as UTF-8.</summary>
    /// <exception cref="ArgumentNullException">Null, which would be <see cref="WriteNil"/>.</exception>
    /// <exception cref="MessagePackException">As the overload for spans.</exception>
    public void WriteString(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        WriteString(text.AsSpan());
    }

    /// <summary>Writes text as UTF-8: its bytes and a header of 1 byte up to 31 of them, else 2, 3 or 5.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Unrepresentable"/> for half a surrogate pair, with its index;
    /// <see cref="MessagePackError.LimitExceeded"/> for more than about 700 million characters.
    /// </exception>
    public void WriteString(ReadOnlySpan<char> text)
    {
        CheckSize(text.Length, MaxCharacters, "characters");
        var bytes = Encoding.UTF8.GetByteCount(text);
        var span = _output.GetSpan(bytes + 5);
        var header = FillStringHeader(span, bytes);
        var status = Utf8.FromUtf16(
            text, span[header..], out var read, out var written, replaceInvalidSequences: false);
        if (status != OperationStatus.Done)
        {
            throw new MessagePackException(
                MessagePackError.Unrepresentable, read, "text", $"half a surrogate pair (U+{(int)text[read]:X4})");
        }

        _output.Advance(header + written);
    }

    /// <summary>Writes text that is UTF-8 already.</summary>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Unrepresentable"/> for bytes that are not UTF-8, with the index of the first;
    /// <see cref="MessagePackError.LimitExceeded"/> for nearly 2 GiB.
    /// </exception>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        CheckSize(utf8.Length, MaxBytes, "bytes");
        if (!Utf8.IsValid(utf8))
        {
            throw new MessagePackException(
                MessagePackError.Unrepresentable, Utf8Text.FirstInvalid(utf8), "UTF-8");
        }

        var span = _output.GetSpan(utf8.Length + 5);
        var header = FillStringHeader(span, utf8.Length);
        utf8.CopyTo(span[header..]);
        _output.Advance(header + utf8.Length);
    }

    /// <summary>Writes bytes, with a header of 2, 3 or 5 bytes.</summary>
    public void WriteBinary(ReadOnlySpan<byte> bytes)
    {
        switch (bytes.Length)
        {
            case <= byte.MaxValue:
                WriteNumber(MessagePackCode.Bin8, (byte)bytes.Length);
                break;
            case <= ushort.MaxValue:
                WriteNumber(MessagePackCode.Bin16, (ushort)bytes.Length);
                break;
            default:
                WriteNumber(MessagePackCode.Bin32, (uint)bytes.Length);
                break;
        }

        _output.Write(bytes);
    }

    /// <summary>Begins an array: 1, 3 or 5 bytes. As many values are to follow.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public void WriteArrayHeader(int count) =>
        WriteContainer(count, MessagePackCode.FixArray, MessagePackCode.Array16, MessagePackCode.Array32);

    /// <summary>Begins a map: 1, 3 or 5 bytes. As many keys, each with its value, are to follow.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public void WriteMapHeader(int count) =>
        WriteContainer(count, MessagePackCode.FixMap, MessagePackCode.Map16, MessagePackCode.Map32);

    /// <summary>
    /// Writes an extension: 2 bytes of header for 1, 2, 4, 8 and 16 bytes, else 3, 4 or 6. Types from 0 are the
    /// application's, negative ones the specification's.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// Type −1, which <see cref="WriteTimestamp(DateTimeOffset)"/> writes.
    /// </exception>
    public void WriteExtension(sbyte type, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(type, MessagePackTimestamp.ExtensionType);
        WriteExtensionHeader(type, bytes.Length);
        _output.Write(bytes);
    }

    /// <summary>Writes a point in time, without its offset from UTC: 6, 10 or 15 bytes.</summary>
    public void WriteTimestamp(DateTimeOffset time) => WriteTimestamp(MessagePackTimestamp.FromDateTimeOffset(time));

    /// <summary>Writes a point in time: 6, 10 or 15 bytes.</summary>
    public void WriteTimestamp(MessagePackTimestamp timestamp)
    {
        Span<byte> body = stackalloc byte[timestamp.Bytes];
        timestamp.Write(body);
        WriteExtensionHeader(MessagePackTimestamp.ExtensionType, body.Length);
        _output.Write(body);
    }

    /// <summary>Writes a point in time: 6, 10 or 15 bytes.</summary>
    /// <param name="seconds">Since 1970; any value.</param>
    /// <param name="nanoseconds">0 to 999,999,999, to be added.</param>
    /// <exception cref="ArgumentOutOfRangeException">The nanoseconds are not in their range.</exception>
    public void WriteTimestamp(long seconds, int nanoseconds) =>
        WriteTimestamp(new MessagePackTimestamp(seconds, nanoseconds));

    /// <summary>
    /// Writes what is MessagePack already, as <see cref="MessagePackReader.ReadRaw"/> gave it. It is not looked at:
    /// what is no whole value spoils all that follows.
    /// </summary>
    public void WriteRaw(ReadOnlySpan<byte> values) => _output.Write(values);

    private static int FillStringHeader(Span<byte> span, int bytes)
    {
        switch (bytes)
        {
            case < 32:
                span[0] = (byte)(MessagePackCode.FixStr | bytes);
                return 1;
            case <= byte.MaxValue:
                span[0] = MessagePackCode.Str8;
                span[1] = (byte)bytes;
                return 2;
            case <= ushort.MaxValue:
                span[0] = MessagePackCode.Str16;
                BinaryPrimitives.WriteUInt16BigEndian(span[1..], (ushort)bytes);
                return 3;
            default:
                span[0] = MessagePackCode.Str32;
                BinaryPrimitives.WriteInt32BigEndian(span[1..], bytes);
                return 5;
        }
    }

    private static void CheckSize(int size, int most, string unit)
    {
        if (size > most)
        {
            throw new MessagePackException(
                MessagePackError.LimitExceeded, most, $"at most {most} {unit}", size.ToString());
        }
    }

    private void WriteContainer(int count, byte fix, byte sixteen, byte thirtyTwo)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        switch (count)
        {
            case < 16:
                WriteByte((byte)(fix | count));
                break;
            case <= ushort.MaxValue:
                WriteNumber(sixteen, (ushort)count);
                break;
            default:
                WriteNumber(thirtyTwo, (uint)count);
                break;
        }
    }

    /// <summary>In one piece, so that a failing buffer holds no half of a header.</summary>
    private void WriteExtensionHeader(sbyte type, int length)
    {
        Span<byte> header = stackalloc byte[6];
        var bytes = 1;
        switch (length)
        {
            case 1 or 2 or 4 or 8 or 16:
                header[0] = (byte)(MessagePackCode.FixExt1 + int.Log2(length));
                break;
            case <= byte.MaxValue:
                header[0] = MessagePackCode.Ext8;
                header[1] = (byte)length;
                bytes = 2;
                break;
            case <= ushort.MaxValue:
                header[0] = MessagePackCode.Ext16;
                BinaryPrimitives.WriteUInt16BigEndian(header[1..], (ushort)length);
                bytes = 3;
                break;
            default:
                header[0] = MessagePackCode.Ext32;
                BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
                bytes = 5;
                break;
        }

        header[bytes++] = (byte)type;
        _output.Write(header[..bytes]);
    }

    private void WriteByte(byte value)
    {
        _output.GetSpan(1)[0] = value;
        _output.Advance(1);
    }

    private void WriteNumber(byte code, byte number)
    {
        var span = _output.GetSpan(2);
        span[1] = number;
        span[0] = code;
        _output.Advance(2);
    }

    private void WriteNumber(byte code, ushort number)
    {
        var span = _output.GetSpan(3);
        BinaryPrimitives.WriteUInt16BigEndian(span[1..], number);
        span[0] = code;
        _output.Advance(3);
    }

    private void WriteNumber(byte code, uint number)
    {
        var span = _output.GetSpan(5);
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], number);
        span[0] = code;
        _output.Advance(5);
    }

    private void WriteNumber(byte code, ulong number)
    {
        var span = _output.GetSpan(9);
        BinaryPrimitives.WriteUInt64BigEndian(span[1..], number);
        span[0] = code;
        _output.Advance(9);
    }
}
