using System.Text;
using Quoin.Server.Storage.Journal;

namespace Quoin.Tests.Storage.Journal;

public sealed class JournalRecordTests
{
    [Fact]
    public void The_bytes_of_a_file_do_not_change()
    {
        var payload = Encoding.UTF8.GetBytes("hello");
        var record = new byte[JournalRecord.HeaderBytes + payload.Length];
        JournalRecord.Write(record, 3, payload, position: 0x1234, synced: 0x0102030405);
        Assert.Equal("71756F696E6A6E6C" + "01000000" + "06298401", Convert.ToHexString(JournalRecord.FileHeader()));
        Assert.Equal(
            "51524543" + "B862DC79" + "05000000" + "03" + "000000" + "3412000000000000" + "0504030201000000"
            + "68656C6C6F",
            Convert.ToHexString(record));
    }

    [Fact]
    public void The_checksum_is_Castagnolis()
    {
        var digits = Encoding.ASCII.GetBytes("123456789");
        Assert.Equal(0xE3069283, JournalRecord.Crc32C(0, digits));
        Assert.Equal(0xE3069283, JournalRecord.Crc32C(JournalRecord.Crc32C(0, digits.AsSpan(0, 4)), digits.AsSpan(4)));
    }

    [Theory]
    [InlineData(0, "it is no journal")]
    [InlineData(8, "its first bytes are damaged")]
    [InlineData(15, "its first bytes are damaged")]
    public void A_header_of_something_else_is_told(int changed, string fault)
    {
        var header = JournalRecord.FileHeader();
        Assert.Null(JournalRecord.FaultOf(header));
        header[changed] ^= 1;
        Assert.Equal(fault, JournalRecord.FaultOf(header));
    }

    [Fact]
    public void A_record_at_another_place_is_none()
    {
        var record = new byte[JournalRecord.HeaderBytes];
        JournalRecord.Write(record, 1, [], position: 100, synced: 50);
        Assert.True(JournalRecord.TryReadHeader(record, 100, 1000, out _));
        Assert.False(JournalRecord.TryReadHeader(record, 99, 1000, out _));
        Assert.False(JournalRecord.TryReadHeader(record, 100, 100 + JournalRecord.HeaderBytes - 1, out _));
    }
}
