using Quoin.Fuzz;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

public sealed class MessagePackReaderTests
{
    private delegate void Reading(ref MessagePackReader reader);

    [Theory]
    [InlineData("cf8000000000000000")]
    [InlineData("cfffffffffffffffff")]
    public void An_integer_above_63_bits_is_none_of_them(string hex) =>
        Refused(MessagePackError.OutOfRange, hex, (ref reader) => reader.ReadInt64());

    [Theory]
    [InlineData("ff")]
    [InlineData("d0ff")]
    [InlineData("d38000000000000000")]
    public void A_negative_integer_is_not_unsigned(string hex) =>
        Refused(MessagePackError.OutOfRange, hex, (ref reader) => reader.ReadUInt64());

    [Theory]
    [InlineData("ce80000000")]
    [InlineData("d3ffffffff7fffffff")]
    [InlineData("cfffffffff80000000")]
    public void An_integer_of_more_than_32_bits_is_refused(string hex) =>
        Refused(MessagePackError.OutOfRange, hex, (ref reader) => reader.ReadInt32());

    [Fact]
    public void Integers_in_longer_encodings_than_needed_are_read()
    {
        var reader = new MessagePackReader(
            Convert.FromHexString("cf0000000000000007" + "d3ffffffffffffffff" + "d100ff"));
        Assert.Equal(7, reader.ReadInt32());
        Assert.Equal(-1, reader.ReadInt32());
        Assert.Equal(255ul, reader.ReadUInt64());
        Assert.True(reader.End);
    }

    [Fact]
    public void Whole_floats_sent_as_integers_are_floats_where_exact()
    {
        var reader = new MessagePackReader(
            Convert.FromHexString("07" + "e0" + "cf8000000000000000" + "cb3fe0000000000000"));
        Assert.Equal(7.0, reader.ReadDouble());
        Assert.Equal(-32.0, reader.ReadDouble());
        Assert.Equal(9223372036854775808.0, reader.ReadDouble());
        Assert.Equal(0.5f, reader.ReadSingle());
        Refused(MessagePackError.OutOfRange, "cfffffffffffffffff", (ref reader) => reader.ReadDouble());
        Refused(MessagePackError.OutOfRange, "cf0020000000000001", (ref reader) => reader.ReadDouble());
        Refused(MessagePackError.OutOfRange, "d3ffdfffffffffffff", (ref reader) => reader.ReadDouble());
        Refused(MessagePackError.OutOfRange, "cb3fb999999999999a", (ref reader) => reader.ReadSingle());
        Refused(MessagePackError.OutOfRange, "ce01000001", (ref reader) => reader.ReadSingle());
        Refused(MessagePackError.WrongType, "a137", (ref reader) => reader.ReadDouble());
    }

    [Fact]
    public void Another_type_is_named_with_its_place_and_leaves_the_reader_where_it_was()
    {
        var reader = new MessagePackReader(Convert.FromHexString("01a161"));
        reader.ReadInt32();
        MessagePackException? error = null;
        try
        {
            reader.ReadInt32();
        }
        catch (MessagePackException e)
        {
            error = e;
        }

        Assert.Equal(
            (MessagePackError.WrongType, 1, "an integer"), (error!.Error, (int)error.Offset, error.Expected));
        Assert.Equal("WrongType at 1: expected an integer, found String (0xa1)", error.Message);
        Assert.Equal("a", reader.ReadString());
    }

    [Fact]
    public void Each_reading_refuses_all_other_types()
    {
        var values = new (MessagePackType Type, string Hex)[]
        {
            (MessagePackType.Nil, "c0"), (MessagePackType.Boolean, "c3"), (MessagePackType.Integer, "05"),
            (MessagePackType.Float, "ca3f000000"), (MessagePackType.String, "a161"), (MessagePackType.Binary, "c40161"),
            (MessagePackType.Array, "9105"), (MessagePackType.Map, "810505"), (MessagePackType.Extension, "d40505"),
        };
        var readings = new (MessagePackType Type, Reading Read)[]
        {
            (MessagePackType.Nil, (ref r) => r.ReadNil()), (MessagePackType.Boolean, (ref r) => r.ReadBoolean()),
            (MessagePackType.Integer, (ref r) => r.ReadInt64()), (MessagePackType.Integer, (ref r) => r.ReadUInt64()),
            (MessagePackType.String, (ref r) => r.ReadUtf8()), (MessagePackType.Binary, (ref r) => r.ReadBinary()),
            (MessagePackType.Array, (ref r) => r.ReadArrayHeader()),
            (MessagePackType.Map, (ref r) => r.ReadMapHeader()),
            (MessagePackType.Extension, (ref r) => r.ReadExtension(out _)),
        };
        foreach (var (type, read) in readings)
        {
            foreach (var (other, hex) in values.Where(value => value.Type != type))
            {
                Refused(MessagePackError.WrongType, hex, read);
            }

            foreach (var (_, hex) in values.Where(value => value.Type == type))
            {
                var reader = new MessagePackReader(Convert.FromHexString(hex));
                Assert.Equal(type, reader.PeekType());
                read(ref reader);
            }

            Refused(MessagePackError.Malformed, "c1", read);
            Refused(MessagePackError.Incomplete, "", read);
        }
    }

    [Fact]
    public void Missing_bytes_are_a_value_and_not_an_exception()
    {
        var half = Convert.FromHexString("d9");
        var reader = new MessagePackReader(half);
        Assert.True(reader.TryPeekType(out var type));
        Assert.Equal(MessagePackType.String, type);
        Assert.False(reader.TryReadString(out _));
        Assert.False(reader.TryReadUtf8(out _));
        Assert.False(reader.TrySkip());
        Assert.False(new MessagePackReader(Convert.FromHexString("cd00")).TryReadInt64(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("cb00")).TryReadDouble(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("c402ff")).TryReadBinary(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("d6ff00")).TryReadTimestamp(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("c705")).TryPeekExtensionType(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("9201")).TryReadArrayHeader(out _));
        Assert.False(new MessagePackReader(Convert.FromHexString("81a0")).TryReadMapHeader(out _));
        Assert.False(new MessagePackReader([]).TryReadBoolean(out _));
        Assert.False(new MessagePackReader([]).TryPeekType(out _));
        Assert.Equal(0, reader.Consumed);
    }

    [Theory]
    [InlineData("a1ff", 1)]
    [InlineData("a3e282e2", 1)]
    [InlineData("a561eda08061", 2)]
    [InlineData("a2c080", 1)]
    [InlineData("a4f4908080", 1)]
    public void Text_that_is_not_UTF8_is_refused_at_its_first_bad_byte(string hex, int offset)
    {
        Refused(MessagePackError.Malformed, hex, (ref reader) => reader.ReadString(), offset);
        Refused(MessagePackError.Malformed, hex, (ref reader) => reader.ReadUtf8(), offset);
    }

    [Theory]
    [InlineData("d4ff00", MessagePackError.Malformed)]
    [InlineData("c700ff", MessagePackError.Malformed)]
    [InlineData("d7ffee6b280000000000", MessagePackError.Malformed)]
    [InlineData("c70cff3b9aca000000000000000000", MessagePackError.Malformed)]
    [InlineData("c70cffffffffff0000000000000000", MessagePackError.Malformed)]
    [InlineData("d60100000000", MessagePackError.WrongType)]
    public void What_is_no_timestamp_is_refused(string hex, MessagePackError error) =>
        Refused(error, hex, (ref reader) => reader.ReadTimestamp());

    [Fact]
    public void A_time_that_dates_cannot_hold_is_a_timestamp_and_no_date()
    {
        const string YearZero = "c70cff00000000fffffff1868b8400";
        Assert.Equal(-62167219200, new MessagePackReader(Convert.FromHexString(YearZero)).ReadTimestamp().Seconds);
        Refused(MessagePackError.OutOfRange, YearZero, (ref reader) => reader.ReadDateTimeOffset());
        var time = new MessagePackReader(Convert.FromHexString("d7ffa1dcd7c85a4af6a5")).ReadDateTimeOffset();
        Assert.Equal(new DateTimeOffset(2018, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(6789012), time);
    }

    [Fact]
    public void Extension_types_are_known_before_they_are_read()
    {
        var reader = new MessagePackReader(ByteSegments.Cut(Convert.FromHexString("c8000280aabb"), 1, 2, 3, 4));
        Assert.True(reader.TryPeekExtensionType(out var type));
        Assert.Equal(-128, type);
        Assert.Equal("AABB", Convert.ToHexString(reader.ReadExtension(out type)));
        Assert.Equal(-128, type);
    }

    [Fact]
    public void Nil_may_stand_for_what_is_absent()
    {
        var reader = new MessagePackReader(Convert.FromHexString("c005"));
        Assert.True(reader.TakeNil());
        Assert.False(reader.TakeNil());
        Assert.Equal(5, reader.ReadInt32());
    }

    [Fact]
    public void A_raw_value_is_all_of_it_and_only_it()
    {
        var message = Convert.FromHexString("9281a16192c0c305");
        var reader = new MessagePackReader(message);
        Assert.Equal(2, reader.ReadArrayHeader());
        Assert.Equal("81A16192C0C3", Convert.ToHexString(reader.ReadRaw()));
        Assert.Equal(5, reader.ReadInt32());
        Assert.True(reader.End);
        Assert.Equal(message.Length, reader.Consumed);
    }

    [Fact]
    public void Text_in_one_segment_is_the_input_itself()
    {
        var message = RandomTree.Write(new string('x', 1000));
        var reader = new MessagePackReader(message);
        Assert.True(reader.ReadUtf8().Overlaps(message));
    }

    [Fact]
    public void Leaving_what_was_not_entered_is_an_error() =>
        Assert.Throws<InvalidOperationException>(() => new MessagePackReader([]).Leave());

    private static void Refused(MessagePackError error, string hex, Reading read, int offset = 0)
    {
        foreach (var size in new[] { 1, 100 })
        {
            var reader = new MessagePackReader(ByteSegments.CutEvery(Convert.FromHexString(hex), size));
            MessagePackException? thrown = null;
            try
            {
                read(ref reader);
            }
            catch (MessagePackException e)
            {
                thrown = e;
            }

            Assert.True(thrown is not null, hex + " is read");
            Assert.Equal((error, offset), (thrown.Error, thrown.Offset));
            Assert.Equal(0, reader.Consumed);
        }
    }
}
