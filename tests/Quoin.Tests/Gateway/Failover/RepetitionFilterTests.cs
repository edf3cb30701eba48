using Quoin.Server.Gateway.Failover;

namespace Quoin.Tests.Gateway.Failover;

public sealed class RepetitionFilterTests
{
    private const string SoFar = "one two three four five six seven eight ";

    [Theory]
    [InlineData(SoFar, "nine ten", "nine ten")]
    [InlineData(SoFar, " nine ten", "nine ten")]
    [InlineData(SoFar, SoFar + "nine ten", "nine ten")]
    [InlineData(SoFar, "one two, and so on", "one two, and so on")]
    [InlineData(SoFar, "one two", "one two")]
    [InlineData("ha ha", "ha ha", "ha ha")]
    [InlineData("end.\n\n", "\nNext", "Next")]
    [InlineData("end.\n\n", "\n\n\nNext", "\nNext")]
    public void Only_what_the_client_has_already_is_left_out(string soFar, string more, string expected)
    {
        for (var piece = 1; piece <= more.Length; piece++)
        {
            var filter = new RepetitionFilter(soFar);
            var text = string.Concat(more.Chunk(piece).Select(part => filter.Pass(new string(part))));
            Assert.Equal(expected, text + filter.Release());
        }
    }
}
