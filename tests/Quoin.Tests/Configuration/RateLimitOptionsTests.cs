namespace Quoin.Tests.Configuration;

public sealed class RateLimitOptionsTests
{
    [Theory]
    [InlineData("rate_limit: {default: 0/minute}", "rate_limit.default", "N/second")]
    [InlineData("rate_limit: {default: 60/week}", "rate_limit.default", "N/day")]
    [InlineData("rate_limit: {per: user}", "rate_limit.per", "key, ip")]
    [InlineData("rate_limit: {store: file}", "rate_limit.store", "redis")]
    [InlineData("rate_limit: {tokens_per_minute: -1}", "rate_limit.tokens_per_minute", "0..1000000000")]
    [InlineData("rate_limit: {models: {gpt-4: many}}", "rate_limit.models.gpt-4", "N/second")]
    [InlineData("auth: {keys: [{name: a, key: 0123456789abcdef, rate_limit: 5}]}", "auth.keys[0].rate_limit", "N/hour")]
    [InlineData("auth: {keys: [{name: a, key: 0123456789abcdef, tokens_per_minute: -5}]}",
        "auth.keys[0].tokens_per_minute", "0..1000000000")]
    public void A_limit_that_cannot_be_is_refused_with_what_can(string yaml, string key, string accepted)
    {
        var error = Assert.Single(ConfigurationText.Load(yaml, []).Errors);
        Assert.Equal(key, error.Key);
        Assert.Contains(accepted, error.Accepted, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server: {port: 1234}", false)]
    [InlineData("rate_limit: {per: ip}", true)]
    [InlineData("rate_limit: {enabled: false, per: ip}", false)]
    [InlineData("auth: {enabled: true, keys: [{name: a, key: 0123456789abcdef}]}", true)]
    [InlineData("{auth: {enabled: true, keys: [{name: a, key: 0123456789abcdef}]}, rate_limit: {enabled: false}}",
        false)]
    public void Limits_apply_where_they_or_keys_are_configured(string yaml, bool enabled) =>
        Assert.Equal(enabled, ConfigurationText.Options(yaml, []).RateLimit.Enabled);

    [Fact]
    public void The_variable_sets_the_limit_and_switches_it_on()
    {
        var limits = ConfigurationText.Options(
            "server: {port: 1234}", new(StringComparer.Ordinal) { ["RATE_LIMIT_DEFAULT"] = "5/second" }).RateLimit;
        Assert.Equal((true, "5/second"), (limits.Enabled, limits.Default));
    }
}
