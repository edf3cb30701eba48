using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

public sealed class MoneyRateTests
{
    [Theory]
    [InlineData("0.50/hour", 500_000_000, 3600)]
    [InlineData("5/day", 5_000_000_000, 86400)]
    [InlineData("0.000001 / second", 1000, 1)]
    [InlineData("100000/minute", 100_000_000_000_000, 60)]
    [InlineData("1.2500000/hour", 1_250_000_000, 3600)]
    public void Dollars_of_a_period_are_read_in_billionths(string text, long count, int seconds)
    {
        Assert.True(MoneyRate.TryParse(text, out var rate));
        Assert.Equal(new Rate(count, seconds), rate);
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        Assert.True(MoneyRate.TryParse("0", out var rate));
        Assert.Null(rate);
        Assert.Null(MoneyRate.Parse(""));
        Assert.Null(MoneyRate.Parse(null));
    }

    [Theory]
    [InlineData("0/hour")]
    [InlineData("-1/hour")]
    [InlineData("$1/hour")]
    [InlineData("1,5/hour")]
    [InlineData("1e3/hour")]
    [InlineData("0.0000001/hour")]
    [InlineData("0.0000015/hour")]
    [InlineData("100000.000001/hour")]
    [InlineData("1/week")]
    [InlineData("1")]
    [InlineData("/hour")]
    [InlineData("99999999999999999999999999999999999999/hour")]
    [InlineData("")]
    public void What_is_no_rate_of_money_is_refused(string text) => Assert.False(MoneyRate.TryParse(text, out _));
}
