using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Tests.Configuration;

public sealed class EffectiveConfigurationTests
{
    private const string Yaml =
        """
        server:
          port: 1001
        providers:
          openai:
            type: openai
            api_key: ${KEY}
            base_url: https://me:pass@example.org/v1?key=abc
            headers: {X-Auth: topsecret}
            models: ["gpt-*", "${MY_TOKEN}", "no", "$${x}", "a: b # c", "4"]
          local: {type: ollama}
        models:
          "gpt: 5":
            - {provider: openai, model: "é\"\\\n"}
            - {provider: local}
        """;

    private static readonly Dictionary<string, string> Environment = new()
    {
        ["KEY"] = "sk-hidden",
        ["MY_TOKEN"] = "tok-hidden",
        ["LOG_LEVEL"] = "warn",
    };

    [Fact]
    public void Each_value_stands_with_its_origin()
    {
        var lines = Show().Split('\n').Select(line => string.Join(' ', line.Split(
            ' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("host: \"127.0.0.1\" # default", lines);
        Assert.Contains("port: 1001 # quoin.yaml:2", lines);
        Assert.Contains("level: warn # env LOG_LEVEL", lines);
        Assert.Contains("format: text # --log-format", lines);
        Assert.Contains("- \"gpt-*\" # quoin.yaml:9", lines);
        Assert.Contains("- provider: openai # quoin.yaml:13", lines);
        Assert.Contains("provider_preference: [] # default", lines);
    }

    [Fact]
    public void Origins_stand_in_one_column() =>
        Assert.Single(Show().Split('\n').Where(line => line.Contains(" # ", StringComparison.Ordinal))
            .Select(line => line.LastIndexOf(" # ", StringComparison.Ordinal))
            .Where(column => column < 62).Distinct());

    [Fact]
    public void Secrets_are_masked_in_YAML_and_JSON()
    {
        foreach (var shown in new[] { Show(), ShowJson() })
        {
            foreach (var secret in new[] { "sk-hidden", "tok-hidden", "topsecret", "pass@", "me:", "abc" })
                Assert.DoesNotContain(secret, shown, StringComparison.Ordinal);
            Assert.Contains("\"***\"", shown, StringComparison.Ordinal);
            Assert.Contains("https://***@example.org/v1?***", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_YAML_reads_back_as_the_same_configuration()
    {
        var shown = Load();
        var again = ConfigurationText.Valid(EffectiveConfiguration.ToYaml(shown));
        Assert.Equal(
            ["providers.openai.models[1]", "providers.openai.api_key", "providers.openai.base_url",
                "providers.openai.headers.X-Auth"],
            ConfigurationDifference.Between(shown.Options, again.Options).Select(change => change.Key)
                .Where(key => !key.StartsWith("logging.", StringComparison.Ordinal)));
        Assert.Equal("é\"\\\n", again.Options.Models["gpt: 5"][0].Model);
        Assert.Equal(["no", "${x}", "a: b # c", "4"], again.Options.Providers["openai"].Models.Skip(2));
    }

    [Theory]
    [InlineData("cache:6379", "cache:6379")]
    [InlineData("redis://:hidden@cache:6379/1", "redis://***@cache:6379/1")]
    public void An_address_is_shown_without_its_password(string address, string expected)
    {
        var shown = EffectiveConfiguration.ToYaml(
            ConfigurationText.Valid($"llm: {{cache: {{redis: {{address: '{address}'}}}}}}"));
        Assert.Contains(expected, shown, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", shown, StringComparison.Ordinal);
        ConfigurationText.Valid(shown);
    }

    [Fact]
    public void JSON_holds_configuration_and_origins()
    {
        using var json = JsonDocument.Parse(ShowJson());
        var root = json.RootElement;
        Assert.Equal(1001, root.GetProperty("configuration").GetProperty("server").GetProperty("port").GetInt32());
        Assert.Equal("quoin.yaml:2", root.GetProperty("origins").GetProperty("server.port").GetString());
        Assert.Equal("env LOG_LEVEL", root.GetProperty("origins").GetProperty("logging.level").GetString());
        Assert.False(root.GetProperty("origins").TryGetProperty("server.host", out _));
    }

    private static LoadedConfiguration Load() => ConfigurationText.Valid(
        Yaml, Environment, new CommandLineSetting("--log-format", "logging.format", "text"));

    private static string Show() => EffectiveConfiguration.ToYaml(Load());

    private static string ShowJson()
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(stream, options))
            EffectiveConfiguration.WriteJson(Load(), writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
