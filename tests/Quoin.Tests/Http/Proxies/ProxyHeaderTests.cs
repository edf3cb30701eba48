using System.Buffers.Binary;
using System.Text;
using Quoin.Http.Proxies;

namespace Quoin.Tests.Http.Proxies;

public sealed class ProxyHeaderTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "192.0.2.1:56324", "192.0.2.2:443")]
    [InlineData("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "[2001:db8::1]:1", "[::1]:65535")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN ffff::1 whatever\r\n", null, null)]
    public void Lines_of_version_1_are_read(string line, string? source, string? destination)
    {
        var bytes = Encoding.ASCII.GetBytes(line + "GET / HTTP/1.1\r\n");
        Assert.Equal(ProxyHeaderKind.Header, ProxyHeader.Read(bytes, out var header));
        Assert.Equal(
            (line.Length, source, destination),
            (header.Length, header.Source?.ToString(), header.Destination?.ToString()));
        for (var i = 0; i < line.Length; i++)
        {
            Assert.Equal(ProxyHeaderKind.Incomplete, ProxyHeader.Read(bytes.AsSpan(0, i), out _));
        }
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 \r\n")]
    [InlineData("PROXY TCP4  192.0.2.1 192.0.2.2 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 065 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 192.0.2.2 +1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.258 192.0.2.2 1 443\r\n")]
    [InlineData("PROXY TCP4 ::1 ::2 1 443\r\n")]
    [InlineData("PROXY TCP6 1.2.3.4 1.2.3.4 1 443\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 1 443\r\n")]
    [InlineData("PROXY UDP4 1.2.3.4 1.2.3.4 1 443\r\n")]
    [InlineData("PROXY UNKNOWNS\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n")]
    public void Wrong_lines_are_wrong(string line) =>
        Assert.Equal(ProxyHeaderKind.Wrong, ProxyHeader.Read(Encoding.ASCII.GetBytes(line), out _));

    [Fact]
    public void A_line_has_107_bytes_at_most()
    {
        var line = "PROXY UNKNOWN " + new string('x', 200);
        Assert.Equal(ProxyHeaderKind.Incomplete, ProxyHeader.Read(Encoding.ASCII.GetBytes(line[..106]), out _));
        Assert.Equal(ProxyHeaderKind.Wrong, ProxyHeader.Read(Encoding.ASCII.GetBytes(line[..107]), out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("\r\nGET")]
    [InlineData("PROXI")]
    [InlineData("\x16\x03\x01")]
    public void What_begins_otherwise_is_no_header(string text) =>
        Assert.Equal(ProxyHeaderKind.None, ProxyHeader.Read(Encoding.Latin1.GetBytes(text), out _));

    [Theory]
    [InlineData("2111000C" + "C0000201" + "C0000202" + "DC0401BB", "192.0.2.1:56324", "192.0.2.2:443")]
    [InlineData("21210024" + "20010DB8000000000000000000000001" + "00000000000000000000000000000001" + "000101BB",
        "[2001:db8::1]:1", "[::1]:443")]
    [InlineData("2111000F" + "C0000201" + "C0000202" + "DC0401BB" + "040000", "192.0.2.1:56324", "192.0.2.2:443")]
    [InlineData("20000000", null, null)]
    [InlineData("20FF0003" + "010203", null, null)]
    [InlineData("21000002" + "0102", null, null)]
    public void Headers_of_version_2_are_read(string rest, string? source, string? destination)
    {
        var bytes = Convert.FromHexString(Signature + rest);
        Assert.Equal(ProxyHeaderKind.Header, ProxyHeader.Read([.. bytes, .. "GET"u8], out var header));
        Assert.Equal(
            (bytes.Length, source, destination),
            (header.Length, header.Source?.ToString(), header.Destination?.ToString()));
        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.Equal(ProxyHeaderKind.Incomplete, ProxyHeader.Read(bytes.AsSpan(0, i), out _));
        }
    }

    [Fact]
    public void UNIX_addresses_name_no_client()
    {
        var bytes = Convert.FromHexString(Signature + "213100D8" + new string('0', 2 * 216));
        Assert.Equal(ProxyHeaderKind.Header, ProxyHeader.Read(bytes, out var header));
        Assert.Equal((232, null), (header.Length, header.Source));
    }

    [Theory]
    [InlineData("3111000C" + "C0000201" + "C0000202" + "DC0401BB")]
    [InlineData("2211000C" + "C0000201" + "C0000202" + "DC0401BB")]
    [InlineData("2112000C" + "C0000201" + "C0000202" + "DC0401BB")]
    [InlineData("2141000C" + "C0000201" + "C0000202" + "DC0401BB")]
    [InlineData("2111000B" + "C0000201" + "C0000202" + "DC0401")]
    [InlineData("2111000E" + "C0000201" + "C0000202" + "DC0401BB" + "0400")]
    [InlineData("21110010" + "C0000201" + "C0000202" + "DC0401BB" + "04000200")]
    [InlineData("21110013" + "C0000201" + "C0000202" + "DC0401BB" + "03000400000000")]
    [InlineData("21111001")]
    public void Wrong_headers_are_wrong(string rest) =>
        Assert.Equal(ProxyHeaderKind.Wrong, ProxyHeader.Read(Convert.FromHexString(Signature + rest), out _));

    /// <summary>CRC-32C of "123456789" is E3069283 (RFC 3720 B.4): the polynomial is the right one.</summary>
    [Fact]
    public void A_checksum_that_is_there_must_be_right()
    {
        var bytes = Convert.FromHexString(
            Signature + "21110013" + "C0000201" + "C0000202" + "DC0401BB" + "03000400000000");
        var checksum = uint.MaxValue;
        foreach (var next in bytes)
        {
            checksum ^= next;
            for (var bit = 0; bit < 8; bit++)
            {
                checksum = (checksum & 1) == 0 ? checksum >> 1 : (checksum >> 1) ^ 0x82F63B78;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(^4), ~checksum);
        Assert.Equal(ProxyHeaderKind.Header, ProxyHeader.Read(bytes, out _));
        bytes[^1] ^= 1;
        Assert.Equal(ProxyHeaderKind.Wrong, ProxyHeader.Read(bytes, out _));
    }
}
