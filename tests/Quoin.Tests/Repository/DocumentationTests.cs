using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;

namespace Quoin.Tests.Repository;

/// <summary>
/// Holds what the pages say to what is there: their links lead to files, their examples load. A block of YAML says by
/// its first line what it is: <c># quoin.yaml</c> or <c># faults.yaml</c>.
/// </summary>
public sealed class DocumentationTests
{
    private const RegexOptions Block =
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.NonBacktracking;

    private static IEnumerable<string> Pages =>
        SourceTree.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal));

    [Fact]
    public void Links_between_pages_lead_to_files()
    {
        var files = SourceTree.Files.ToHashSet(StringComparer.Ordinal);
        var folders = files.SelectMany(FoldersOf).ToHashSet(StringComparer.Ordinal);
        var broken = new List<string>();
        foreach (var page in Pages)
        {
            foreach (var target in LinksOf(SourceTree.Read(page)))
            {
                var path = Resolve(page, target);
                if (!files.Contains(path) && !folders.Contains(path.TrimEnd('/')))
                    broken.Add($"{page} links to {target}");
            }
        }

        AssertNone(broken);
    }

    [Theory]
    [InlineData("docs/a.md", "b.md#part", "docs/b.md")]
    [InlineData("docs/dialects/a.md", "../errors.md", "docs/errors.md")]
    [InlineData("README.md", "docs/", "docs")]
    [InlineData("docs/a.md", "#here", "docs/a.md")]
    public void A_link_is_resolved_from_its_page(string page, string target, string path) =>
        Assert.Equal(path, Resolve(page, target).TrimEnd('/'));

    [Fact]
    public void Links_in_text_are_found_and_those_in_code_are_not()
    {
        const string Page =
            "[a](x.md) and [b](y.md#z), [c](https://example.org)\n```text\n[d](no.md)\n```\n`[e](no.md)`\n";
        Assert.Equal(["x.md", "y.md#z"], LinksOf(Page));
    }

    [Fact]
    public void Every_page_of_docs_is_in_its_index()
    {
        const string Index = "docs/README.md";
        var linked = LinksOf(SourceTree.Read(Index)).Select(target => Resolve(Index, target));
        AssertNone(Pages.Where(page => page.StartsWith("docs/", StringComparison.Ordinal) && page != Index)
            .Except(linked).Select(page => $"{page} is not in {Index}"));
    }

    [Fact]
    public void Examples_of_configuration_and_scenarios_load()
    {
        var wrong = new List<string>();
        var loaded = 0;
        foreach (var page in Pages)
        {
            foreach (var block in BlocksOf(SourceTree.Read(page), "yaml"))
            {
                wrong.AddRange(ErrorsOf(block).Select(error => $"{page}: {error}"));
                loaded++;
            }
        }

        AssertNone(wrong);
        Assert.NotEqual(0, loaded);
    }

    [Theory]
    [InlineData("# quoin.yaml\nproviders:\n  a: {type: sim}\n", null)]
    [InlineData("# quoin.yaml\nproviders:\n  a: {type: simm}\n", "providers.a.type")]
    [InlineData("# faults.yaml\nrules:\n  - fault: cut\n", null)]
    [InlineData("# faults.yaml\nrules:\n  - fault: cutt\n", "cutt")]
    [InlineData("providers:\n  a: {type: sim}\n", "first line")]
    public void A_wrong_example_is_found(string block, string? error)
    {
        var errors = string.Join('\n', ErrorsOf(block));
        if (error is null)
            Assert.Empty(errors);
        else
            Assert.Contains(error, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Examples_of_json_are_json()
    {
        foreach (var page in Pages)
        {
            foreach (var block in BlocksOf(SourceTree.Read(page), "json"))
                using (JsonDocument.Parse(block)) { }
        }
    }

    [Fact]
    public void Sample_configurations_load()
    {
        var samples = SourceTree.Files.Where(file => file.StartsWith("samples/config/", StringComparison.Ordinal))
            .ToArray();
        Assert.NotEmpty(samples);
        AssertNone(samples.SelectMany(file => Load(SourceTree.Read(file), Path.Combine(SourceTree.Root, file))));
    }

    [Fact]
    public void Every_type_of_provider_has_its_row()
    {
        var types = typeof(ProviderOptions).GetProperty(nameof(ProviderOptions.Type))!
            .GetCustomAttribute<SettingAttribute>()!.Choices;
        var page = SourceTree.Read("docs/providers.md");
        AssertNone(types.Where(type => !page.Contains($"\n| `{type}` |", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> ErrorsOf(string block)
    {
        // Beside the scenario that an example may name.
        var file = Path.Combine(SourceTree.Root, "samples", "sim", "quoin.yaml");
        if (block.StartsWith("# quoin.yaml\n", StringComparison.Ordinal))
            return Load(block, file);
        if (!block.StartsWith("# faults.yaml\n", StringComparison.Ordinal))
            return ["the first line of a YAML block must be # quoin.yaml or # faults.yaml"];
        try
        {
            SimScenarioReader.Parse(block, "faults.yaml");
            return [];
        }
        catch (SimScenarioException e)
        {
            return [e.Message];
        }
    }

    private static IEnumerable<string> Load(string yaml, string file)
    {
        var inputs = new ConfigurationInputs
        {
            // What the samples cannot have a default for.
            Environment = name => Regex.IsMatch(name, "_(KEY|RESOURCE)$", RegexOptions.NonBacktracking) ? "set" : null,
            WorkingFolder = SourceTree.Root,
        };
        return ConfigurationLoader.Load(inputs, file, Encoding.UTF8.GetBytes(yaml)).Errors
            .Select(error => error.ToString());
    }

    private static IEnumerable<string> BlocksOf(string page, string language) =>
        Regex.Matches(page, $"^```{language}\n(.*?)^```$", Block)
            .Select(match => match.Groups[1].Value);

    private static IEnumerable<string> LinksOf(string page)
    {
        var prose = Regex.Replace(page, "^```.*?^```$|`[^`\n]*`", "", Block);
        return Regex.Matches(prose, @"\]\(([^)\s]+)\)", RegexOptions.NonBacktracking)
            .Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal));
    }

    private static string Resolve(string page, string target)
    {
        var path = target.Split('#')[0];
        var folder = page.Contains('/', StringComparison.Ordinal) ? page[..page.LastIndexOf('/')] : "";
        var full = Path.GetFullPath(path.Length == 0 ? "/" + page : $"/{folder}/{path}", "/");
        return full[1..];
    }

    private static IEnumerable<string> FoldersOf(string file)
    {
        for (var end = file.LastIndexOf('/'); end > 0; end = file.LastIndexOf('/', end - 1))
            yield return file[..end];
    }

    private static void AssertNone(IEnumerable<string> offenders)
    {
        var list = string.Join('\n', offenders);
        Assert.True(list.Length == 0, list);
    }
}
