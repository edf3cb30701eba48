using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Quoin.Cli;
using Quoin.Tests.Configuration;

namespace Quoin.Tests.Cli;

public sealed class QuoinCommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_valid_file_is_said_to_be_valid()
    {
        _folder.Write("good.yaml", "server: {port: 1}");
        Assert.Equal((0, "good.yaml: valid\n", ""), await Run("check", "good.yaml"));
    }

    [Fact]
    public async Task Every_error_of_a_file_is_shown_and_the_exit_code_is_2()
    {
        _folder.Write("bad.yaml", "sever: 1\nlogging: {level: loud}\n");
        var (code, output, error) = await Run("check", "bad.yaml");
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(
            "bad.yaml:1:1: sever: unknown key; did you mean server?\n" +
            "bad.yaml:2:18: logging.level: not a known value; found \"loud\"; " +
            "accepted: one of trace, debug, info, warn, error\n", error);
    }

    [Fact]
    public async Task Errors_as_JSON_hold_their_parts()
    {
        _folder.Write("bad.yaml", "sever: 1\n");
        var (code, output, _) = await Run("check", "--json", "bad.yaml");
        Assert.Equal(2, code);
        using var json = JsonDocument.Parse(output);
        Assert.False(json.RootElement.GetProperty("valid").GetBoolean());
        var error = Assert.Single(json.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Equal(("bad.yaml", 1, "sever", "server"), (
            error.GetProperty("file").GetString(), error.GetProperty("line").GetInt32(),
            error.GetProperty("key").GetString(), error.GetProperty("nearest").GetString()));
    }

    [Fact]
    public async Task Check_against_the_old_file_names_what_needs_a_restart()
    {
        _folder.Write("old.yaml", "server: {port: 1}");
        _folder.Write("new.yaml", "server: {port: 2}\nllm: {timeout: 5s}");
        Assert.Equal(
            (0, "new.yaml: valid\nserver.port: changes at the next start\nllm.timeout: changes live\n", ""),
            await Run("check", "--against", "old.yaml", "new.yaml"));
        Assert.Equal(
            (0, "old.yaml: valid\nnothing changes\n", ""), await Run("check", "--against", "old.yaml", "old.yaml"));
        var (code, _, error) = await Run("check", "--against", "none.yaml", "new.yaml");
        Assert.Equal((2, "none.yaml: no such file\n"), (code, error));
    }

    [Fact]
    public async Task A_development_certificate_is_one_that_the_server_takes()
    {
        var (code, output, _) = await Run("cert", "dev", "--name", "gateway.test");
        Assert.Equal(0, code);
        var files = output.TrimEnd('\n').Split('\n');
        using var certificate = X509Certificate2.CreateFromPemFile(files[0], files[1]);
        Assert.True(certificate.MatchesHostname("gateway.test"));
        Assert.True(certificate.MatchesHostname("localhost"));
        Assert.True(certificate.MatchesHostname("127.0.0.1"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(files[1]));
        }

        var (shown, settings, _) = await Run("config", "show", "--tls-cert", files[0], "--tls-key", files[1]);
        Assert.Equal(0, shown);
        Assert.Contains("0.0.0.0", settings, StringComparison.Ordinal);
        Assert.Equal(2, (await Run("cert", "dev")).Code);
        Assert.Equal(0, (await Run("cert", "dev", "--force")).Code);
        Assert.Equal(2, (await Run("cert", "dev", "--force", "--name", "no name")).Code);
    }

    [Fact]
    public async Task Config_show_prints_values_with_origins_of_all_sources()
    {
        _folder.Write("quoin.yaml", "llm: {timeout: 5s}\n");
        _environment["LOG_LEVEL"] = "warn";
        var (code, output, _) = await Run("config", "show", "--port", "7");
        Assert.Equal(0, code);
        var lines = output.Split('\n').Select(line => string.Join(' ', line.Split(
            ' ', StringSplitOptions.RemoveEmptyEntries)));
        string[] expected = ["port: 7 # --port", "timeout: 5s # quoin.yaml:1", "level: warn # env LOG_LEVEL"];
        Assert.All(expected, line => Assert.Contains(line, lines));
        var (_, json, _) = await Run("config", "show", "--json", "--port", "7");
        Assert.Equal("--port", JsonDocument.Parse(json).RootElement
            .GetProperty("origins").GetProperty("server.port").GetString());
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("server", "start")]
    [InlineData("sim")]
    public async Task Options_are_judged_as_any_other_setting(params string[] verb)
    {
        var (code, _, error) = await Run([.. verb, "--port", "x"]);
        Assert.Equal(2, code);
        Assert.Equal("--port: server.port: wrong type; found \"x\"; accepted: a whole number, 0..65535\n", error);
    }

    [Fact]
    public async Task A_scenario_that_is_not_there_is_named_by_its_option()
    {
        var (code, _, error) = await Run("sim", "--scenario", "none.yaml");
        Assert.Equal(2, code);
        Assert.StartsWith("--scenario: providers.sim.sim.scenario: no such file", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("check")]
    [InlineData("frobnicate")]
    [InlineData("serve", "--no-such-option")]
    [InlineData("config")]
    public async Task Wrong_usage_ends_with_2(params string[] arguments) =>
        Assert.Equal(2, (await Run(arguments)).Code);

    [Theory]
    [InlineData]
    [InlineData("serve")]
    [InlineData("server")]
    [InlineData("server", "start")]
    [InlineData("check")]
    [InlineData("config")]
    [InlineData("config", "show")]
    [InlineData("config", "schema")]
    [InlineData("sim")]
    [InlineData("benchmark")]
    [InlineData("benchmark", "route")]
    [InlineData("version")]
    public async Task Every_verb_has_help_with_an_example(params string[] verb)
    {
        var (code, output, _) = await Run([.. verb, "--help"]);
        Assert.Equal(0, code);
        Assert.Contains("Example: quoin " + string.Join(' ', verb), output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_ways_to_ask_for_the_version_agree()
    {
        var (code, output, _) = await Run("version");
        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", output);
        Assert.Equal(0, (await Run("--version")).Code);
    }

    [Fact]
    public async Task Colour_is_written_only_where_asked_for()
    {
        _folder.Write("bad.yaml", "sever: 1\n");
        Assert.DoesNotContain('\e', (await Run("check", "bad.yaml")).Error);
        Assert.StartsWith("\e[1mbad.yaml:1:1:\e[0m sever", (await RunWith(true, "check", "bad.yaml")).Error,
            StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> Run(params string[] arguments) => RunWith(false, arguments);

    private async Task<(int Code, string Output, string Error)> RunWith(bool colour, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await QuoinCommandLine.RunAsync(arguments, new CommandContext
        {
            Output = output,
            Error = error,
            Environment = name => _environment.GetValueOrDefault(name),
            WorkingFolder = _folder.Path,
            Colour = colour,
        });
        return (code, output.ToString(), error.ToString());
    }
}
