using System.Text.Json;
using System.Text.Json.Nodes;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Binding;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationSchemaTests
{
    private static readonly JsonElement Schema = Make();

    [Fact]
    public void The_sample_for_development_loads_and_fits_the_schema()
    {
        var file = Path.Combine(
            ConfigurationReferenceTests.RepositoryRoot(), "samples", "config", "development.yaml");
        var result = ConfigurationLoader.Load(new() { File = file });
        Assert.Empty(result.Errors.Select(error => error.ToString()));
        Assert.Equal("debug", result.Configuration!.Options.Logging.Level);
        Assert.Equal(50, result.Configuration.Options.Providers["sim"].Sim.TokenRate);
        Assert.Empty(Faults(File.ReadAllText(file)));
    }

    [Theory]
    [InlineData("server: {port: 80, host: 127.0.0.1, read_timeout: 1m30s, max_request_size: 10MB, " +
        "keep_alive_timeout: 0}")]
    [InlineData("server: {port: \"${PORT}\", read_timeout: \"${T:-5s}\", max_header_bytes: 4096}\nllm:\n" +
        "metrics: {enabled: }")]
    [InlineData("providers: {a: {type: openai, api_key: \"${K}\", base_url: \"https://h/v1\", models: [a, " +
        "4], headers: {a: b}}}")]
    [InlineData("models: {m: [{provider: sim, model: x}]}\nprovider_preference: [sim]\nlogging: {level: \"${L}\"}")]
    [InlineData("providers: {sim: {type: sim, prices: {m: {input: 1, output: 2}}}}\n" +
        "rate_limit: {models: {a: 5/day, b: {requests: 5/day, cost: 0.5/day}}}")]
    public void What_loads_fits_the_schema(string yaml)
    {
        _ = ConfigurationText.Options(
            yaml, new() { ["PORT"] = "1", ["K"] = "k", ["L"] = "info" });
        Assert.Empty(Faults(yaml));
    }

    [Theory]
    [InlineData("server: {prot: 80}", ".server.prot: unknown")]
    [InlineData("server: {port: 70000}", ".server.port: 70000 is too great")]
    [InlineData("server: {port: -1}", ".server.port: -1 is too small")]
    [InlineData("server: {port: \"80\"}", ".server.port: 80 does not match")]
    [InlineData("server: {read_timeout: 30}", ".server.read_timeout: 30 is too great")]
    [InlineData("server: {read_timeout: 30x}", ".server.read_timeout: 30x does not match")]
    [InlineData("logging: {level: loud}", ".logging.level: loud fits no alternative")]
    [InlineData("metrics: {enabled: 1}", ".metrics.enabled: is a Number")]
    [InlineData("providers: {a: {model: x}}", ".providers.a.type: missing")]
    [InlineData("providers: {a: {type: ollama, base_url: host}}", ".providers.a.base_url: host does not match")]
    [InlineData("provider_preference: sim", ".provider_preference: is a String")]
    [InlineData("rate_limit: {models: {a: [5/day]}}", ".rate_limit.models.a: [\"5/day\"] fits no alternative")]
    public void What_does_not_load_does_not_fit_the_schema(string yaml, string expected)
    {
        Assert.NotEmpty(ConfigurationText.Errors(yaml));
        Assert.Equal(expected, Assert.Single(Faults(yaml)));
    }

    [Fact]
    public void Settings_are_described_with_their_defaults()
    {
        var port = Schema.GetProperty("properties").GetProperty("server").GetProperty("properties").GetProperty("port");
        Assert.StartsWith("TCP port", port.GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.Equal(8080, port.GetProperty("default").GetInt32());
        Assert.Equal(65535, port.GetProperty("maximum").GetInt32());
        var timeout = Schema.GetProperty("properties").GetProperty("llm").GetProperty("properties")
            .GetProperty("timeout");
        Assert.Equal("2m", timeout.GetProperty("default").GetString());
    }

    private static List<string> Faults(string yaml)
    {
        var errors = new List<ConfigurationError>();
        var root = YamlReader.Read(System.Text.Encoding.UTF8.GetBytes(yaml), "quoin.yaml", errors);
        Assert.Empty(errors);
        return [.. SchemaCheck.Faults(Schema, JsonSerializer.SerializeToElement(ToJson(root)))];
    }

    /// <summary>As an editor reads YAML: plain text that looks like a number is one.</summary>
    private static JsonNode? ToJson(Node node) => node switch
    {
        MappingNode mapping => new JsonObject(
            mapping.Entries.Select(entry => KeyValuePair.Create(entry.Key, ToJson(entry.Value)))),
        SequenceNode sequence => new JsonArray([.. sequence.Items.Select(ToJson)]),
        ScalarNode { IsNull: true } => null,
        ScalarNode { Quoted: false, Text: "true" or "false" } flag => JsonValue.Create(flag.Text == "true"),
        ScalarNode { Quoted: false } plain when long.TryParse(plain.Text, out var number) => JsonValue.Create(number),
        ScalarNode scalar => JsonValue.Create(scalar.Text),
        _ => throw new InvalidOperationException(),
    };

    private static JsonElement Make()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            ConfigurationSchema.Write(writer);
        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }
}
