using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Tests.Configuration;

public sealed class RateLimitOptionsTests
{
    [Theory]
    [InlineData("rate_limit: {default: 0/minute}", "rate_limit.default", "N/second")]
    [InlineData("rate_limit: {default: 60/week}", "rate_limit.default", "N/day")]
    [InlineData("rate_limit: {per: user}", "rate_limit.per", "key, ip")]
    [InlineData("rate_limit: {store: file}", "rate_limit.store", "redis")]
    [InlineData("rate_limit: {tokens_per_minute: -1}", "rate_limit.tokens_per_minute", "0..1000000000")]
    [InlineData("rate_limit: {models: {gpt-4: many}}", "rate_limit.models.gpt-4.requests", "N/second")]
    [InlineData("rate_limit: {models: {gpt-4: {tokens: 5/week}}}", "rate_limit.models.gpt-4.tokens", "N/second")]
    [InlineData("rate_limit: {models: {gpt-4: {cost: 5}}}", "rate_limit.models.gpt-4.cost", "US dollars")]
    [InlineData("rate_limit: {models: {gpt-4: {requests: 5/day, price: 5/day}}}",
        "rate_limit.models.gpt-4.price", "requests, tokens")]
    [InlineData("rate_limit: {models: {gpt-4: {}}}", "rate_limit.models.gpt-4", "requests, tokens")]
    [InlineData("rate_limit: {models: {gpt-4: [5/day]}}", "rate_limit.models.gpt-4", "a value for requests, or keys")]
    [InlineData("rate_limit: {models: {gpt-4: }}", "rate_limit.models.gpt-4", "a value for requests, or keys")]
    [InlineData("rate_limit: {cost: 0.5/week}", "rate_limit.cost", "0.000001..100000")]
    [InlineData("rate_limit: {cost: 0.0000001/day}", "rate_limit.cost", "six decimals")]
    [InlineData("auth: {keys: [{name: a, key: 0123456789abcdef, cost: free}]}", "auth.keys[0].cost", "US dollars")]
    [InlineData("rate_limit: {cost: 0.5/hour}", "rate_limit.cost", "prices")]
    [InlineData("rate_limit: {models: {m: {cost: 1/day}}}", "rate_limit.models.m.cost", "prices")]
    [InlineData("auth: {keys: [{name: a, key: 0123456789abcdef, cost: 1/day}]}", "auth.keys[0].cost", "prices")]
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
    public void A_model_s_limit_is_a_rate_of_requests_or_says_what_it_counts()
    {
        const string Yaml =
            """
            providers: {sim: {type: sim, prices: {"*": {input: 1, output: 2}}}}
            rate_limit:
              cost: 0.50/hour
              models:
                gpt-4.1: 500/hour
                "gpt-*": {requests: 100/minute, tokens: 50000/minute, cost: 5/hour}
            auth: {keys: [{name: a, key: 0123456789abcdef, cost: 0}]}
            """;
        var loaded = ConfigurationText.Valid(Yaml, []);
        var limits = loaded.Options.RateLimit;
        Assert.Equal(["gpt-4.1", "gpt-*"], limits.Models.Keys);
        Assert.Equal(new ModelLimitOptions { Requests = "500/hour" }, limits.Models["gpt-4.1"]);
        Assert.Equal(
            new ModelLimitOptions { Requests = "100/minute", Tokens = "50000/minute", Cost = "5/hour" },
            limits.Models["gpt-*"]);
        Assert.Equal(("0.50/hour", "0"), (limits.Cost, loaded.Options.Auth.Keys[0].Cost));

        var shown = EffectiveConfiguration.ToYaml(loaded);
        Assert.Matches("requests: \"500/hour\" +# quoin.yaml:5", shown);
        Assert.Matches("tokens: \"50000/minute\" +# quoin.yaml:6", shown);
        var again = ConfigurationText.Options(
            shown.Replace("\"***\"", "0123456789abcdef", StringComparison.Ordinal), []).RateLimit;
        Assert.Equal(limits.Models, again.Models);
    }

    [Fact]
    public void No_limit_in_money_needs_no_price() => Assert.Equal("0", ConfigurationText.Options(
        "{providers: {sim: {type: sim}}, rate_limit: {cost: 0}}", []).RateLimit.Cost);

    [Fact]
    public void The_variable_sets_the_limit_and_switches_it_on()
    {
        var limits = ConfigurationText.Options(
            "server: {port: 1234}", new(StringComparer.Ordinal) { ["RATE_LIMIT_DEFAULT"] = "5/second" }).RateLimit;
        Assert.Equal((true, "5/second"), (limits.Enabled, limits.Default));
    }
}
