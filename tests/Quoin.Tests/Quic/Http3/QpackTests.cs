using System.Buffers;
using System.Text;
using Quoin.Quic.Http3;

namespace Quoin.Tests.Quic.Http3;

/// <summary>Header fields there and back, by the vectors of the specification, and bent.</summary>
public sealed class QpackTests
{
    private static readonly (string, string)[] Fields =
    [
        (":method", "GET"), (":path", "/"), (":path", "/a/long/path"), ("x-own", "value"), ("accept", "*/*"),
        ("x-long", new string('x', 1_000)),
    ];

    [Fact]
    public void Fields_come_back_as_they_were_written()
    {
        var packed = new ArrayBufferWriter<byte>();
        Qpack.Write(packed, Fields);
        Assert.Equal(Fields, Qpack.Read(packed.WrittenSpan));
    }

    [Theory]
    [InlineData("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com")]
    [InlineData("a8eb10649cbf", "no-cache")]
    [InlineData("25a849e95ba97d7f", "custom-key")]
    [InlineData("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT")]
    public void Huffman_texts_of_the_specification_are_read(string hex, string text)
    {
        var read = new ArrayBufferWriter<byte>();
        Assert.True(HuffmanCode.TryDecode(Convert.FromHexString(hex), read));
        Assert.Equal(text, Encoding.ASCII.GetString(read.WrittenSpan));
    }

    [Theory]
    [InlineData("f1e3c2e5f23a6ba0ab90f4")]
    [InlineData("ffffffff")]
    [InlineData("f8ff")]
    public void Padding_that_is_none_is_refused(string hex) =>
        Assert.False(HuffmanCode.TryDecode(Convert.FromHexString(hex), new ArrayBufferWriter<byte>()));

    [Fact]
    public void The_literal_of_the_specification_is_read() =>
        Assert.Equal([(":path", "/index.html")],
            Qpack.Read(Convert.FromHexString("0000510b2f696e6465782e68746d6c"))!);

    [Theory]
    [InlineData("0100")]
    [InlineData("000080")]
    [InlineData("000010")]
    [InlineData("0000ff7f")]
    [InlineData("0000ffffffffff7f")]
    [InlineData("00005105")]
    public void References_to_a_table_that_is_not_there_and_wrong_lengths_are_refused(string hex) =>
        Assert.Null(Qpack.Read(Convert.FromHexString(hex)));

    [Fact]
    public void Bent_bytes_never_throw_and_stay_within_their_limit()
    {
        var packed = new ArrayBufferWriter<byte>();
        Qpack.Write(packed, Fields);
        var random = new Random(3);
        for (var i = 0; i < 100_000; i++)
        {
            var bent = packed.WrittenSpan[..random.Next(packed.WrittenCount)].ToArray();
            for (var change = random.Next(4); change > 0 && bent.Length > 0; change--)
            {
                bent[random.Next(bent.Length)] = (byte)random.Next(256);
            }

            var read = Qpack.Read(bent);
            Assert.True(read is null || read.Sum(field => field.Name.Length + field.Value.Length) <= 65_536);
        }
    }
}
