using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

public sealed class BudgetOptionsTests
{
    private const string Key = "name: a, key: 0123456789abcdef";
    private const string Database = "database: {url: sqlite:./q.db}";

    [Theory]
    [InlineData("database: {url: \"postgresql://ann:secret@host/db\"}", "database.url", "sqlite:PATH")]
    [InlineData("database: {url: sqlite:}", "database.url", "sqlite:PATH")]
    [InlineData("database: {usage_retention: 1h}", "database.usage_retention", "24h")]
    [InlineData("providers: {sim: {type: sim, prices: {m: {input: -1, output: 1}}}}",
        "providers.sim.prices.m.input", "0..1000000")]
    [InlineData("providers: {sim: {type: sim, prices: {m: {input: 1}}}}", "providers.sim.prices.m.output", "")]
    [InlineData("auth: {keys: [{" + Key + ", budgets: [{tokens: 5, per: day}]}]}", "auth.keys[0].budgets", "database")]
    [InlineData("auth: {keys: [{" + Key + ", budgets: [{per: day}]}]}\n" + Database, "auth.keys[0].budgets[0].amount",
        "amount, tokens")]
    [InlineData("auth: {keys: [{" + Key + ", budgets: [{amount: -5, per: day}]}]}\n" + Database,
        "auth.keys[0].budgets[0].amount", "0.000001")]
    [InlineData("auth: {keys: [{" + Key + ", budgets: [{amount: 5, per: year}]}]}\n" + Database,
        "auth.keys[0].budgets[0].per", "day, week, month")]
    [InlineData(
        "auth: {keys: [{" + Key + ", budgets: [{amount: 5, per: day}, {tokens: 5, per: day}]}]}\n" + Database,
        "auth.keys[0].budgets[1].per", "one of each")]
    public void What_cannot_be_is_refused_with_what_can(string yaml, string key, string accepted)
    {
        var error = ConfigurationText.Load(yaml, []).Errors[0];
        Assert.Equal(key, error.Key);
        Assert.Contains(accepted, error.Accepted ?? "", StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite:./data/q.db", "./data/q.db")]
    [InlineData("sqlite:/var/q.db", "/var/q.db")]
    [InlineData("sqlite:///data/q.db", "data/q.db")]
    [InlineData("sqlite:////var/q.db", "/var/q.db")]
    [InlineData("sqlite+aiosqlite:///./q.db", "./q.db")]
    [InlineData("sqlite://host/q.db", null)]
    [InlineData("sqlite::memory:", null)]
    [InlineData("mysql:q.db", null)]
    [InlineData("q.db", null)]
    public void A_url_names_a_path_as_other_programs_spell_it(string url, string? path) =>
        Assert.Equal(path, DatabaseUrl.TryReadPath(url, out var read) ? read : null);

    [Fact]
    public void The_variable_names_the_database() => Assert.EndsWith("/x/q.db", ConfigurationText.Options(
        "server: {port: 1234}",
        new(StringComparer.Ordinal) { ["DATABASE_URL"] = "sqlite:./x/q.db" }).Database.Url, StringComparison.Ordinal);
}
