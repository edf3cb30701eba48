using Microsoft.Extensions.Primitives;
using Quoin.Server.Gateway.Jobs;

namespace Quoin.Tests.Gateway.Jobs;

public sealed class PreferHeaderTests
{
    [Theory]
    [InlineData("respond-async", true)]
    [InlineData("RESPOND-ASYNC", true)]
    [InlineData("wait=10, respond-async", true)]
    [InlineData(" respond-async ; foo=bar", true)]
    [InlineData("return=minimal", false)]
    [InlineData("respond-asynchronously", false)]
    [InlineData("foo=respond-async", false)]
    [InlineData("", false)]
    public void The_preference_is_found_among_others(string header, bool found) =>
        Assert.Equal(found, PreferHeader.AsksToRespondAsync(header));

    [Fact]
    public void It_may_stand_in_any_of_several_headers() =>
        Assert.True(PreferHeader.AsksToRespondAsync(new StringValues(["wait=1", "respond-async"])));
}
