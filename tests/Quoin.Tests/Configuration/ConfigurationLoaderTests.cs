using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationLoaderTests
{
    [Fact]
    public void Without_any_source_the_simulated_provider_answers_on_loopback()
    {
        var options = ConfigurationText.Options("");
        Assert.Equal("127.0.0.1", options.Server.Host);
        Assert.Equal(8080, options.Server.Port);
        Assert.Equal("sim", Assert.Single(options.Providers).Value.Type);
    }

    [Fact]
    public void Command_line_wins_over_environment_over_file_over_default()
    {
        const string Yaml = "server: {port: 1001, host: 0.0.0.0}\nlogging: {level: warn}";
        var environment = new Dictionary<string, string> { ["PORT"] = "1002", ["LOG_LEVEL"] = "error" };
        Assert.Equal(8080, ConfigurationText.Options("").Server.Port);
        Assert.Equal(1001, ConfigurationText.Options(Yaml).Server.Port);
        Assert.Equal(1002, ConfigurationText.Options(Yaml, environment).Server.Port);
        var all = ConfigurationText.Valid(Yaml, environment, new CommandLineSetting("--port", "server.port", "1003"));
        Assert.Equal(1003, all.Options.Server.Port);
        Assert.Equal("0.0.0.0", all.Options.Server.Host);
        Assert.Equal("error", all.Options.Logging.Level);
        Assert.Equal(75, all.Options.Server.KeepAliveTimeout.TotalSeconds);
        Assert.Equal("--port", all.OriginOf("server.port").ToString());
        Assert.Equal("quoin.yaml:1", all.OriginOf("server.host").ToString());
        Assert.Equal("env LOG_LEVEL", all.OriginOf("logging.level").ToString());
        Assert.Equal("default", all.OriginOf("server.keep_alive_timeout").ToString());
    }

    [Fact]
    public void The_first_variable_of_a_setting_wins_and_an_empty_one_counts_as_unset()
    {
        var both = new Dictionary<string, string> { ["SERVER_PORT"] = "1", ["PORT"] = "2" };
        Assert.Equal(1, ConfigurationText.Options("", both).Server.Port);
        both["SERVER_PORT"] = "";
        Assert.Equal(2, ConfigurationText.Options("", both).Server.Port);
    }

    [Theory]
    [InlineData("LLM_TIMEOUT", "1500", 1.5)]
    [InlineData("LLM_TIMEOUT", "2m", 120)]
    [InlineData("KEEPALIVE", "5", 5)]
    [InlineData("KEEP_ALIVE", "0.5", 0.5)]
    public void A_bare_number_in_the_environment_is_seconds_or_milliseconds(string name, string value, double seconds)
    {
        var options = ConfigurationText.Options("", new() { [name] = value });
        var duration = name == "LLM_TIMEOUT" ? options.Llm.Timeout : options.Server.KeepAliveTimeout;
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("on", true)]
    [InlineData("True", true)]
    [InlineData("no", false)]
    [InlineData("0", false)]
    public void Truth_values_of_the_environment_have_many_spellings(string value, bool expected) =>
        Assert.Equal(expected, ConfigurationText.Options("", new() { ["ENABLE_METRICS"] = value }).Metrics.Enabled);

    [Fact]
    public void Every_kind_of_value_is_bound()
    {
        var options = ConfigurationText.Options(
            """
            server: {max_request_size: 20MB, max_header_bytes: 4096, read_timeout: 1m30s, write_timeout: 1.5s}
            llm:
              on_client_disconnect: drain
            providers:
              main:
                type: openai-compatible
                base_url: http://10.0.0.1:9000/v1
                models: [a, "b*", 4]
                headers: {X-Team: blue}
              slow: {type: sim, sim: {token_rate: 2.5, seed: -7, latency: 0}}
            provider_preference:
              - slow
              - main
            models:
              gpt-4.1:
                - {provider: main, model: large}
                - provider: slow
            logging: {prompts: true}
            """);
        Assert.Equal(20 * 1024 * 1024, options.Server.MaxRequestSize);
        Assert.Equal(4096, options.Server.MaxHeaderBytes);
        Assert.Equal(90, options.Server.ReadTimeout.TotalSeconds);
        Assert.Equal(1.5, options.Server.WriteTimeout.TotalSeconds);
        Assert.Equal("drain", options.Llm.OnClientDisconnect);
        Assert.Equal(["main", "slow"], options.Providers.Keys);
        Assert.Equal(["a", "b*", "4"], options.Providers["main"].Models);
        Assert.Equal("blue", options.Providers["main"].Headers["x-team"]);
        Assert.Equal(2.5, options.Providers["slow"].Sim.TokenRate);
        Assert.Equal(-7, options.Providers["slow"].Sim.Seed);
        Assert.Equal(["slow", "main"], options.ProviderPreference);
        Assert.Equal([new("main", "large"), new("slow", null)],
            options.Models["gpt-4.1"].Select(candidate => (candidate.Provider, candidate.Model)));
        Assert.True(options.Logging.Prompts);
    }

    [Fact]
    public void A_key_without_a_value_keeps_its_default()
    {
        var options = ConfigurationText.Options("server:\n  port:\n  host: ~\nllm:\nproviders: null\nlogging: {}\n");
        Assert.Equal(new QuoinOptions().Server, options.Server);
        Assert.Equal(["sim"], options.Providers.Keys);
    }

    [Fact]
    public void Anchors_and_aliases_stand_for_their_value()
    {
        var options = ConfigurationText.Options(
            "providers:\n  a: &base {type: sim, models: [x]}\n  b: *base\nserver: {port: 0}\n");
        Assert.Equal(["x"], options.Providers["b"].Models);
    }

    [Fact]
    public void The_file_is_the_named_one_else_that_of_the_variable_else_quoin_yaml()
    {
        using var folder = new TemporaryFolder();
        var variables = new Dictionary<string, string>();
        var inputs = new ConfigurationInputs
        {
            WorkingFolder = folder.Path,
            Environment = name => variables.GetValueOrDefault(name),
        };
        Assert.Null(ConfigurationLoader.FindFile(inputs));
        folder.Write("quoin.yaml", "server: {port: 1}");
        folder.Write("other.yaml", "server: {port: 2}");
        folder.Write("third.yaml", "server: {port: 3}");
        Assert.Equal(1, ConfigurationLoader.Load(inputs).Configuration!.Options.Server.Port);
        variables["QUOIN_CONFIG"] = "other.yaml";
        Assert.Equal(2, ConfigurationLoader.Load(inputs).Configuration!.Options.Server.Port);
        var named = inputs with { File = "third.yaml" };
        Assert.Equal(3, ConfigurationLoader.Load(named).Configuration!.Options.Server.Port);
        Assert.Null(ConfigurationLoader.Load(inputs with { UseFile = false }).Configuration!.File);
        Assert.Equal("none.yaml: no such file",
            Assert.Single(ConfigurationLoader.Load(inputs with { File = "none.yaml" }).Errors).ToString());
        Assert.Equal(".: a folder, not a file",
            Assert.Single(ConfigurationLoader.Load(inputs with { File = "." }).Errors).ToString());
    }

    [Fact]
    public void Paths_start_at_the_folder_of_the_file()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "etc"));
        folder.Write("etc/faults.yaml", "rules: []");
        folder.Write("etc/quoin.yaml", "providers: {sim: {type: sim, sim: {scenario: faults.yaml}}}");
        var result = ConfigurationLoader.Load(new() { WorkingFolder = folder.Path, File = "etc/quoin.yaml" });
        Assert.Equal(
            Path.Combine(folder.Path, "etc/faults.yaml"),
            result.Configuration!.Options.Providers["sim"].Sim.Scenario);
    }
}
