using System.Text.Unicode;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Tests.Http.WebSockets.Framing;

public sealed class Utf8ProgressTests
{
    [Fact]
    public void Pieces_are_judged_as_the_whole_is()
    {
        var random = new Random(7);
        byte[] likely =
        [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0,
            0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF,
        ];
        for (var round = 0; round < 200_000; round++)
        {
            var bytes = new byte[random.Next(1, 9)];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = likely[random.Next(likely.Length)];
            }

            var progress = new Utf8Progress();
            var good = true;
            for (var at = 0; at < bytes.Length && good;)
            {
                var length = random.Next(0, bytes.Length - at + 1);
                good = progress.Add(bytes.AsSpan(at, length));
                at += length;
            }

            Assert.True(
                Utf8.IsValid(bytes) == (good && progress.IsWhole), Convert.ToHexString(bytes) + " in round " + round);
        }
    }

    [Theory]
    [InlineData("C0")]
    [InlineData("F5")]
    [InlineData("E080")]
    [InlineData("EDA0")]
    [InlineData("F090", true)]
    [InlineData("F080")]
    [InlineData("F490")]
    [InlineData("C328")]
    [InlineData("E1BD", true)]
    [InlineData("80")]
    public void A_byte_that_can_only_be_wrong_is_found_at_once(string hex, bool good = false)
    {
        var progress = new Utf8Progress();
        var all = true;
        foreach (var one in Convert.FromHexString(hex))
        {
            all &= progress.Add([one]);
        }

        Assert.Equal(good, all);
    }
}
