namespace Quoin.Tests.Configuration;

public sealed class VariableExpansionTests
{
    [Theory]
    [InlineData("${A}", "alpha")]
    [InlineData("x${A}y${A}z", "xalphayalphaz")]
    [InlineData("${NONE:-fallback}", "fallback")]
    [InlineData("${EMPTY:-fallback}", "fallback")]
    [InlineData("${A:-fallback}", "alpha")]
    [InlineData("${NONE:-a:-b}", "a:-b")]
    [InlineData("${NONE:-https://h/v1}", "https://h/v1")]
    [InlineData("$${A}", "${A}")]
    [InlineData("$$${A}", "$${A}")]
    [InlineData("$A $ $$ {A}", "$A $ $$ {A}")]
    [InlineData("${NESTED}", "${A} {b: c} # d")]
    public void Variables_are_put_into_values(string written, string expected) =>
        Assert.Equal(expected, Model(written));

    [Theory]
    [InlineData("${}")]
    [InlineData("${A")]
    [InlineData("${1A}")]
    [InlineData("${A-b}")]
    [InlineData("${A:?b}")]
    [InlineData("${ A }")]
    [InlineData("${A:-${B}}")]
    public void What_is_no_variable_is_an_error(string written)
    {
        var error = Assert.Single(ConfigurationText.Errors(Yaml(written), Variables));
        Assert.Equal(
            "quoin.yaml:1:35: providers.p.model: a ${ that is not a variable; accepted: ${NAME}, ${NAME:-default}, " +
            "or $${ for the characters ${",
            error);
    }

    [Fact]
    public void An_unset_variable_without_default_names_key_and_variable() =>
        Assert.Equal(
            "quoin.yaml:1:35: providers.p.model: the environment variable NONE is not set; " +
            "accepted: set NONE, or write ${NONE:-default}",
            Assert.Single(ConfigurationText.Errors(Yaml("${NONE}"), Variables)));

    [Fact]
    public void Numbers_truth_values_and_durations_may_come_from_variables()
    {
        var options = ConfigurationText.Options(
            """
            server: {port: "${P}", read_timeout: "${T:-5s}", max_header_bytes: "${S}"}
            metrics: {enabled: "${ON}"}
            logging: {level: "${NONE:-}"}
            """,
            new() { ["P"] = "81", ["S"] = "8KB", ["ON"] = "1" });
        Assert.Equal((81, 8192, 5), (
            options.Server.Port, options.Server.MaxHeaderBytes, options.Server.ReadTimeout.TotalSeconds));
        Assert.True(options.Metrics.Enabled);
        Assert.Equal("info", options.Logging.Level);
    }

    [Fact]
    public void Keys_and_unknown_keys_are_not_expanded()
    {
        Assert.Equal(["${NONE}x"], ConfigurationText.Options(
            "models: {'${NONE}x': [{provider: sim}]}").Models.Keys);
        Assert.Contains(
            "unknown key", Assert.Single(ConfigurationText.Errors("foo: ${NONE}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_cannot_add_yaml()
    {
        var errors = ConfigurationText.Errors(
            "server: ${S}\nprovider_preference: ${L}", new() { ["S"] = "{port: 1}", ["L"] = "[sim]" });
        Assert.Equal(2, errors.Length);
        Assert.All(errors, error =>
            Assert.Contains("wrong type; found a single value", error, StringComparison.Ordinal));
    }

    [Fact]
    public void Values_of_the_environment_itself_are_not_expanded()
    {
        var error = Assert.Single(ConfigurationText.Errors("", new() { ["SERVER_HOST"] = "${A}" }));
        Assert.StartsWith("SERVER_HOST: server.host: not an address", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_overlong_expansion_is_refused()
    {
        var variables = new Dictionary<string, string> { ["A"] = new string('a', 50_000) };
        var error = Assert.Single(ConfigurationText.Errors(Yaml("${A}${A}${A}"), variables));
        Assert.EndsWith("longer than 65536 characters", error, StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, string> Variables = new()
    {
        ["A"] = "alpha",
        ["EMPTY"] = "",
        ["NESTED"] = "${A} {b: c} # d",
    };

    private static string Yaml(string model) => $"providers: {{p: {{type: sim, model: '{model}'}}}}";

    private static string? Model(string written) =>
        ConfigurationText.Options(Yaml(written), Variables).Providers["p"].Model;
}
