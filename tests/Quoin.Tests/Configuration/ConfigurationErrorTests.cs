using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Tests.Configuration;

public sealed class ConfigurationErrorTests
{
    public static TheoryData<string, string> Cases()
    {
        var file = Path.Combine(
            ConfigurationReferenceTests.RepositoryRoot(), "tests", "Quoin.Tests", "Configuration", "errors.txt");
        var cases = new TheoryData<string, string>();
        foreach (var block in File.ReadAllText(file).Split("\n-----\n", StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            var parts = block.Split("\n=> ");
            cases.Add(parts[0], parts[1]);
        }

        Assert.True(cases.Count > 40, "the file of cases is cut short");
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
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
