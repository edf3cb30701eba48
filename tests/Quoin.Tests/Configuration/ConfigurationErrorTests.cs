using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationErrorTests
{
    [Theory]
    [InlineData("server:\n  prot: 1", "quoin.yaml:2:3: server.prot: unknown key; did you mean server.port?")]
    [InlineData("sever: {}", "quoin.yaml:1:1: sever: unknown key; did you mean server?")]
    [InlineData("max_request_size: 1", "quoin.yaml:1:1: max_request_size: unknown key; did you mean server.max_request_size?")]
    [InlineData("metrics:\n  zzz: 1", "quoin.yaml:2:3: metrics.zzz: unknown key; accepted: enabled, port, path")]
    [InlineData("server:\n  port: 70000", "quoin.yaml:2:9: server.port: out of range; found \"70000\"; accepted: a whole number, 0..65535")]
    [InlineData("server:\n  port: 99999999999999999999", "quoin.yaml:2:9: server.port: out of range; found \"99999999999999999999\"; accepted: a whole number, 0..65535")]
    [InlineData("server: {port: 0x50}", "quoin.yaml:1:16: server.port: wrong type; found \"0x50\"; accepted: a whole number, 0..65535")]
    [InlineData("server: {port: \"80\"}", "quoin.yaml:1:16: server.port: wrong type; found \"80\"; accepted: a whole number, 0..65535")]
    [InlineData("server: {port: [1]}", "quoin.yaml:1:16: server.port: wrong type; found a list; accepted: a whole number, 0..65535")]
    [InlineData("server: 5", "quoin.yaml:1:9: server: wrong type; found a single value; accepted: keys: host, port, read_timeout, write_timeout, shutdown_timeout, max_header_bytes, max_request_size, keep_alive_timeout, max_connections")]
    [InlineData("server: {read_timeout: 30}", "quoin.yaml:1:24: server.read_timeout: wrong type; found \"30\"; accepted: a duration such as 500ms, 30s or 1h30m, 1s..10m")]
    [InlineData("server: {read_timeout: 11m}", "quoin.yaml:1:24: server.read_timeout: out of range; found \"11m\"; accepted: a duration such as 500ms, 30s or 1h30m, 1s..10m")]
    [InlineData("server: {max_header_bytes: 64XB}", "quoin.yaml:1:28: server.max_header_bytes: wrong type; found \"64XB\"; accepted: bytes, or a size such as 64KB or 10MB, 1KB..2MB")]
    [InlineData("server: {max_header_bytes: 1}", "quoin.yaml:1:28: server.max_header_bytes: out of range; found \"1\"; accepted: bytes, or a size such as 64KB or 10MB, 1KB..2MB")]
    [InlineData("metrics: {enabled: yes}", "quoin.yaml:1:20: metrics.enabled: wrong type; found \"yes\"; accepted: true or false")]
    [InlineData("logging: {level: debgu}", "quoin.yaml:1:18: logging.level: not a known value; found \"debgu\"; did you mean debug?")]
    [InlineData("logging: {level: loud}", "quoin.yaml:1:18: logging.level: not a known value; found \"loud\"; accepted: one of trace, debug, info, warn, error")]
    [InlineData("server:\n  host: example.org", "quoin.yaml:2:9: server.host: not an address to listen on; found \"example.org\"; accepted: an IP address, localhost, 0.0.0.0 or ::")]
    [InlineData("server: {port: 1}\nserver: {port: 2}", "quoin.yaml:2:1: server: given twice, first in line 1")]
    [InlineData("server:\n  port: 9090", "quoin.yaml:2:9: server.port: server.port and metrics.port are the same; accepted: two different ports, or metrics.port: 0 for the main port only")]
    [InlineData("metrics:\n  port: 8080", "quoin.yaml:2:9: metrics.port: server.port and metrics.port are the same; accepted: two different ports, or metrics.port: 0 for the main port only")]
    [InlineData("metrics: {path: metrics}", "quoin.yaml:1:17: metrics.path: not a path of a URL; found \"metrics\"; accepted: a path such as /metrics")]
    [InlineData("providers: {}", "quoin.yaml:1:1: providers: no provider at all; accepted: at least one, such as sim: {type: sim}")]
    [InlineData("providers:\n  x:\n    model: a", "quoin.yaml:2:3: providers.x.type: missing; accepted: one of openai, anthropic, gemini, azure-openai, ollama, openai-compatible, sim")]
    [InlineData("providers:\n  x:\n", "quoin.yaml:2:3: providers.x: has no value; accepted: keys: type, model, models, api_key, base_url, api_version, default_max_tokens, headers, sim")]
    [InlineData("providers:\n  o: {type: openai}", "quoin.yaml:2:3: providers.o.api_key: openai at its own address needs an API key")]
    [InlineData("providers:\n  o: {type: gemini, api_key: ''}", "quoin.yaml:2:3: providers.o.api_key: gemini at its own address needs an API key")]
    [InlineData("providers:\n  o: {type: azure-openai, api_key: k}", "quoin.yaml:2:3: providers.o.base_url: azure-openai has no address of its own")]
    [InlineData("providers:\n  o: {type: openai-compatible}", "quoin.yaml:2:3: providers.o.base_url: openai-compatible has no address of its own")]
    [InlineData("providers: {o: {type: ollama, base_url: 'ftp://u:pw@h/'}}", "quoin.yaml:1:41: providers.o.base_url: not a URL of a server; found \"ftp://***@h/\"; accepted: an http or https URL")]
    [InlineData("providers: {o: {type: ollama, base_url: host}}", "quoin.yaml:1:41: providers.o.base_url: not a URL of a server; found \"host\"; accepted: an http or https URL")]
    [InlineData("providers: {s: {type: sim, api_key: k}}", "quoin.yaml:1:37: providers.s.api_key: has no effect for type sim; accepted: only for types that call another server")]
    [InlineData("providers: {s: {type: ollama, sim: {seed: 5}}}", "quoin.yaml:1:31: providers.s.sim: has no effect for type ollama; accepted: only for sim")]
    [InlineData("providers: {'a b': {type: sim}}", "quoin.yaml:1:13: providers.a b: not a name for a provider; accepted: letters, digits, '.', '_' and '-', at most 64")]
    [InlineData("providers: {o: {type: ollama, headers: {'a b': c}}}", "quoin.yaml:1:48: providers.o.headers.a b: not a header name")]
    [InlineData("providers: {o: {type: ollama, headers: {a: b, A: c}}}", "quoin.yaml:1:47: providers.o.headers.A: given twice")]
    [InlineData("providers: {s: {type: sim, sim: {scenario: /nowhere/f.yaml}}}", "quoin.yaml:1:44: providers.s.sim.scenario: no such file; found \"/nowhere/f.yaml\"")]
    [InlineData("provider_preference: [smi]", "quoin.yaml:1:23: provider_preference[0]: no provider of that name; found \"smi\"; did you mean sim?")]
    [InlineData("provider_preference: [sim, sim]", "quoin.yaml:1:28: provider_preference[1]: stands in the list twice; found \"sim\"; accepted: each provider once")]
    [InlineData("provider_preference: sim", "quoin.yaml:1:22: provider_preference: wrong type; found a single value; accepted: a list")]
    [InlineData("models:\n  gpt: []", "quoin.yaml:2:3: models.gpt: a route without candidates; accepted: at least one {provider: NAME}")]
    [InlineData("models:\n  gpt: [{provider: other}]", "quoin.yaml:2:20: models.gpt[0].provider: no provider of that name; found \"other\"; accepted: sim")]
    [InlineData("models:\n  gpt: [{model: other}]", "quoin.yaml:2:9: models.gpt[0].provider: missing; accepted: text")]
    [InlineData("- a", "quoin.yaml:1:1: not keys and values; found a list; accepted: sections such as server: and providers:")]
    [InlineData("server: {port: 1", "quoin.yaml:2:1: while parsing a flow mapping, did not find expected ',' or '}'")]
    [InlineData("server:\n\tport: 1", "quoin.yaml:2:1: while scanning a mapping, found invalid tab as indentation")]
    [InlineData("server: !x {}", "quoin.yaml:1:9: tags (!name) are not used here")]
    [InlineData("server: *a", "quoin.yaml:1:9: alias of an anchor that is not there")]
    [InlineData("server: &a {x: *a}", "quoin.yaml:1:16: alias of the value it stands in")]
    [InlineData("? {a: b}\n: c", "quoin.yaml:1:3: a key that is not plain text")]
    [InlineData("a: 1\n---\nb: 1", "quoin.yaml:2:1: a second document; the file holds one")]
    public void Each_fault_is_one_line_with_its_place(string yaml, string expected) =>
        Assert.Equal(expected, Assert.Single(ConfigurationText.Errors(yaml)));

    [Fact]
    public void Text_that_is_not_UTF8_is_refused_at_its_place()
    {
        var result = ConfigurationText.Load([.. "a: 1\nb: é"u8, 0xC3, 0x28]);
        Assert.Equal("quoin.yaml:2:5: not UTF-8", Assert.Single(result.Errors).ToString());
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() =>
        Assert.Equal(5, ConfigurationText.Options("\ufeffserver: {port: 5}").Server.Port);

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_the_file()
    {
        var errors = ConfigurationText.Errors(
            "models: {m: [{provider: nobody}]}\nserver:\n  port: x\n  prot: 1\n",
            new() { ["LOG_LEVEL"] = "loud" },
            new CommandLineSetting("--host", "server.host", "nowhere"));
        Assert.Equal(
            ["quoin.yaml:1:25", "quoin.yaml:3:9", "quoin.yaml:4:3", "LOG_LEVEL", "--host"],
            errors.Select(error => error[..error.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_value_that_a_stronger_source_hides_is_checked_all_the_same()
    {
        var error = Assert.Single(ConfigurationText.Errors("server: {port: x}", new() { ["PORT"] = "80" }));
        Assert.StartsWith("quoin.yaml:1:16: server.port: wrong type", error, StringComparison.Ordinal);
        Assert.StartsWith("quoin.yaml:1:9: server: wrong type",
            Assert.Single(ConfigurationText.Errors("server: 1", new() { ["PORT"] = "80" })), StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_record_holds_the_parts_of_its_line()
    {
        var error = Assert.Single(ConfigurationText.Load("logging:\n  level: debgu").Errors);
        Assert.Equal(ConfigurationErrorKind.NotAChoice, error.Kind);
        Assert.Equal(("quoin.yaml", 2, 10, "logging.level"), (error.File, error.Line, error.Column, error.Key));
        Assert.Equal(("\"debgu\"", "debug"), (error.Found, error.Nearest));
        Assert.Equal("one of trace, debug, info, warn, error", error.Accepted);
    }

    [Fact]
    public void Nested_aliases_cannot_stand_for_millions_of_values()
    {
        var yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 10; i++)
            yaml.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Contains(ConfigurationText.Errors(yaml.ToString()), error =>
            error.EndsWith("more than 50000 values, aliases written out", StringComparison.Ordinal));
    }

    [Fact]
    public void Depth_size_key_length_and_number_of_errors_are_bounded()
    {
        Assert.Equal("quoin.yaml:1:36: nested deeper than 32 levels",
            Assert.Single(ConfigurationText.Errors("a: " + new string('[', 5000))));
        Assert.EndsWith("a key longer than 256 characters",
            Assert.Single(ConfigurationText.Errors(new string('k', 300) + ": 1")), StringComparison.Ordinal);
        var many = string.Concat(Enumerable.Range(0, 150).Select(i => $"unknown{i}: 1\n"));
        var errors = ConfigurationText.Errors(many);
        Assert.Equal(101, errors.Length);
        Assert.EndsWith(": 50 more errors", errors[^1], StringComparison.Ordinal);

        using var folder = new TemporaryFolder();
        folder.Write("big.yaml", new string('#', ConfigurationLimits.FileBytes + 1));
        var big = ConfigurationLoader.Load(new() { WorkingFolder = folder.Path, File = "big.yaml" });
        Assert.Equal("big.yaml: larger than 1MB", Assert.Single(big.Errors).ToString());
    }

    [Theory]
    [InlineData("port", "port", 0)]
    [InlineData("prot", "port", 1)]
    [InlineData("pot", "port", 1)]
    [InlineData("porrt", "port", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_slips_of_the_keys(string left, string right, int expected) =>
        Assert.Equal(expected, NearestName.Distance(left, right));
}
