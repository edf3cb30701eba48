using Quoin.Server.Gateway.Accounting;

namespace Quoin.Tests.Gateway.Accounting;

public sealed class PriceTests
{
    [Fact]
    public void Each_part_has_its_price_and_parts_without_one_that_of_the_whole()
    {
        var use = new TokenUse(1000, 500, CachedInput: 300, CacheWrite: 100, Reasoning: 200);
        var full = Price.From(new() { Input = 3, Output = 15, CachedInput = 0.3, CacheWrite = 3.75, Reasoning = 20 });
        Assert.Equal((600 * 3000) + (300 * 300) + (100 * 3750) + (300 * 15000) + (200 * 20000), full.CostOf(use));
        var plain = Price.From(new() { Input = 3, Output = 15 });
        Assert.Equal((1000 * 3000) + (500 * 15000), plain.CostOf(use));
    }

    [Fact]
    public void An_explicit_zero_is_free() => Assert.Equal(
        0, Price.From(new() { Input = 3, Output = 0, CachedInput = 0 }).CostOf(new TokenUse(10, 10, CachedInput: 10)));

    [Fact]
    public void Small_prices_are_exact_and_rounded_once()
    {
        var price = Price.From(new() { Input = 0.0375, Output = 0 });
        Assert.Equal(37500, price.CostOf(new TokenUse(1000, 0)));
        Assert.Equal(38, price.CostOf(new TokenUse(1, 0)));
    }

    [Fact]
    public void Absurd_numbers_of_tokens_do_not_overflow() => Assert.True(
        Price.From(new() { Input = 1e6, Output = 1e6 }).CostOf(new TokenUse(int.MaxValue, int.MaxValue)) > 0);
}
