using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Fuzz;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

public sealed class MessagePackJsonTests
{
    [Theory]
    [InlineData("c0", "null")]
    [InlineData("93c2c305", "[false,true,5]")]
    [InlineData("92cfffffffffffffffffd38000000000000000", "[18446744073709551615,-9223372036854775808]")]
    [InlineData("93ca3dcccccdcb3fb999999999999acbc000000000000000", "[0.1,0.1,-2]")]
    [InlineData("a3e282ac", "\"\\u20AC\"")]
    [InlineData("82a16180a16290", "{\"a\":{},\"b\":[]}")]
    [InlineData("c403010203", "\"AQID\"")]
    [InlineData("c403ffffff", "\"////\"")]
    [InlineData("d6ff5a4af6a5", "\"2018-01-02T03:04:05Z\"")]
    [InlineData("d7ffa1dcd7c85a4af6a5", "\"2018-01-02T03:04:05.678901234Z\"")]
    [InlineData("c70cff3b9ac9ffffffffffffffffff", "\"1969-12-31T23:59:59.999999999Z\"")]
    [InlineData("c70cff00000000fffffff1868b8400", "\"0000-01-01T00:00:00Z\"")]
    [InlineData("c70cff3b9ac9ff0000003afff4417f", "\"9999-12-31T23:59:59.999999999Z\"")]
    [InlineData("d505aabb", "{\"$ext\":5,\"data\":\"qrs=\"}")]
    [InlineData("c70080", "{\"$ext\":-128,\"data\":\"\"}")]
    public void Values_become_JSON(string hex, string json) => Assert.Equal(json, ToJson(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("ca7fc00000", MessagePackError.Unrepresentable)]
    [InlineData("cb7ff0000000000000", MessagePackError.Unrepresentable)]
    [InlineData("cbfff0000000000000", MessagePackError.Unrepresentable)]
    [InlineData("810505", MessagePackError.Unrepresentable)]
    [InlineData("81c005", MessagePackError.Unrepresentable)]
    [InlineData("82a16101a16102", MessagePackError.Unrepresentable)]
    [InlineData("c70cff000000000000003afff44180", MessagePackError.Unrepresentable)]
    [InlineData("c70cff00000000fffffff1868b83ff", MessagePackError.Unrepresentable)]
    [InlineData("d4ff00", MessagePackError.Malformed)]
    [InlineData("c1", MessagePackError.Malformed)]
    [InlineData("a1ff", MessagePackError.Malformed)]
    [InlineData("0505", MessagePackError.Malformed)]
    [InlineData("9105c0", MessagePackError.Malformed)]
    [InlineData("", MessagePackError.Incomplete)]
    [InlineData("9205", MessagePackError.Incomplete)]
    [InlineData("c7", MessagePackError.Incomplete)]
    public void What_JSON_cannot_say_is_refused(string hex, MessagePackError error) =>
        Assert.Equal(error, Assert.Throws<MessagePackException>(() => ToJson(Convert.FromHexString(hex))).Error);

    [Theory]
    [InlineData("null", "C0")]
    [InlineData(" [ true , false ] ", "92C3C2")]
    [InlineData("[0,-1,127,128,-9223372036854775808,18446744073709551615]",
        "9600FF7FCC80D38000000000000000CFFFFFFFFFFFFFFFFF")]
    [InlineData("[0.5,1.0,1e0,-0,-0.0]",
        "95CB3FE0000000000000CB3FF0000000000000CB3FF0000000000000CB8000000000000000CB8000000000000000")]
    [InlineData("\"\\u20ac\\n\\ud83d\\ude00\"", "A8E282AC0AF09F9880")]
    [InlineData("{\"a\":{\"b\":[[],{}]},\"c\":1}", "82A16181A162929080A16301")]
    [InlineData("{\"$ext\":5,\"data\":\"qrs=\"}", "82A42465787405A464617461A47172733D")]
    public void JSON_becomes_values(string json, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(FromJson(Encoding.UTF8.GetBytes(json))));

    [Theory]
    [InlineData("", MessagePackError.Malformed)]
    [InlineData("[1", MessagePackError.Malformed)]
    [InlineData("[1,]", MessagePackError.Malformed)]
    [InlineData("1 2", MessagePackError.Malformed)]
    [InlineData("{} x", MessagePackError.Malformed)]
    [InlineData("// c\n1", MessagePackError.Malformed)]
    [InlineData("NaN", MessagePackError.Malformed)]
    [InlineData("{\"a\":1,\"b\":{\"a\":1},\"\\u0061\":2}", MessagePackError.Unrepresentable)]
    [InlineData("\"\\ud800\"", MessagePackError.Unrepresentable)]
    [InlineData("{\"\\udc00\":1}", MessagePackError.Unrepresentable)]
    [InlineData("18446744073709551616", MessagePackError.OutOfRange)]
    [InlineData("-9223372036854775809", MessagePackError.OutOfRange)]
    [InlineData("1e400", MessagePackError.OutOfRange)]
    public void What_MessagePack_cannot_say_is_refused(string json, MessagePackError error) => Assert.Equal(
        error, Assert.Throws<MessagePackException>(() => FromJson(Encoding.UTF8.GetBytes(json))).Error);

    [Fact]
    public void Bytes_in_JSON_that_are_not_UTF8_are_refused()
    {
        var error = Assert.Throws<MessagePackException>(() => FromJson([(byte)'"', 0xff, (byte)'"']));
        Assert.Equal((MessagePackError.Unrepresentable, 0), (error.Error, error.Offset));
    }

    [Fact]
    public void What_JSON_can_say_comes_back_the_same()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var message = RandomTree.Write(RandomTree.MakeJson(random));
            var json = Encoding.UTF8.GetBytes(ToJson(message));
            Assert.Equal(Convert.ToHexString(message), Convert.ToHexString(FromJson(json)));
        }
    }

    [Fact]
    public void Limits_hold_from_JSON_too()
    {
        Bounds(new() { MaxDepth = 2 }, "[[],{}]", "[[[]]]");
        Bounds(new() { MaxDepth = 1 }, "{\"a\":1}", "{\"a\":{}}");
        Bounds(new() { MaxArrayEntries = 2 }, "[[1,2],[3,4]]", "[1,2,3]");
        Bounds(new() { MaxMapEntries = 2 }, "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}");
        Bounds(new() { MaxStringBytes = 3 }, "\"\\u20ac\"", "\"\\u20aca\"");
        Bounds(new() { MaxStringBytes = 3 }, "{\"abc\":0}", "{\"abcd\":0}");
        Bounds(new() { MaxMessageBytes = 10 }, "[1,2,3,45]", "[1,2,3,456]");
    }

    [Fact]
    public void Limits_hold_to_JSON_too()
    {
        var message = Convert.FromHexString("91919100");
        Assert.Equal("[[[0]]]", ToJson(message));
        var error = Assert.Throws<MessagePackException>(() => ToJson(message, new() { MaxDepth = 2 }));
        Assert.Equal((MessagePackError.LimitExceeded, 2), (error.Error, error.Offset));
    }

    [Fact]
    public void A_value_inside_of_JSON_is_read_and_no_more()
    {
        var json = new Utf8JsonReader("{\"a\":[1,{\"b\":\"c\"}],\"d\":2}"u8);
        json.Read();
        json.Read();
        var output = new ArrayBufferWriter<byte>();
        MessagePackJson.FromJson(ref json, output);
        Assert.Equal("920181A162A163", Convert.ToHexString(output.WrittenSpan));
        Assert.Equal(JsonTokenType.EndArray, json.TokenType);
        json.Read();
        Assert.Equal("d", json.GetString());
    }

    [Fact]
    public void JSON_that_is_to_go_on_is_incomplete()
    {
        var error = Assert.Throws<MessagePackException>(() =>
        {
            var json = new Utf8JsonReader("[1,"u8, isFinalBlock: false, default);
            MessagePackJson.FromJson(ref json, new ArrayBufferWriter<byte>());
        });
        Assert.Equal(MessagePackError.Incomplete, error.Error);
    }

    [Fact]
    public void JSON_in_segments_is_read_as_in_one()
    {
        var text = Encoding.UTF8.GetBytes("{\"key\":[\"v\\u0061lue\",123456,0.25,\"" + new string('x', 600) + "\"]}");
        var json = new Utf8JsonReader(ByteSegments.CutEvery(text, 3));
        var output = new ArrayBufferWriter<byte>();
        MessagePackJson.FromJson(ref json, output);
        Assert.Equal(FromJson(text), output.WrittenSpan.ToArray());
    }

    private static void Bounds(MessagePackLimits limits, string within, string beyond)
    {
        FromJson(Encoding.UTF8.GetBytes(within), limits);
        var error = Assert.Throws<MessagePackException>(() => FromJson(Encoding.UTF8.GetBytes(beyond), limits));
        Assert.Equal(MessagePackError.LimitExceeded, error.Error);
    }

    private static string ToJson(byte[] message, MessagePackLimits? limits = null)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output))
        {
            MessagePackJson.ToJson(message, json, limits);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static byte[] FromJson(ReadOnlySpan<byte> json, MessagePackLimits? limits = null)
    {
        var output = new ArrayBufferWriter<byte>();
        MessagePackJson.FromJson(json, output, limits);
        return output.WrittenSpan.ToArray();
    }
}
