using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Quoin.Tests.Repository;

/// <summary>Holds the shape of the repository: who may know whom, how large things get, what must be gone.</summary>
public sealed class LayoutTests
{
    private const int FileLines = 600;
    private const int FunctionLines = 70;
    private const int LineLength = 120;

    /// <summary>
    /// What is over a limit today and how large it may be. Shrink it and lower the number; at the limit, remove the
    /// line. Nothing is added here without a reason that a reader of the diff accepts.
    /// </summary>
    private static readonly Measure[] Exceptions = [];

    /// <summary>Projects of <c>src</c> and the projects each may refer to.</summary>
    private static readonly Dictionary<string, string[]> References = new(StringComparer.Ordinal)
    {
        ["Quoin.Cli"] = ["Quoin.Http", "Quoin.Server", "Quoin.Wasm"],
        ["Quoin.Server"] = ["Quoin.Http", "Quoin.Quic", "Quoin.Wasm", "Quoin.Swim", "Quoin.MessagePack"],
        ["Quoin.Http"] = ["Quoin.Quic", "Quoin.MessagePack"],
        ["Quoin.Swim"] = ["Quoin.MessagePack"],
        ["Quoin.Quic"] = [],
        ["Quoin.Wasm"] = [],
        ["Quoin.MessagePack"] = [],
    };

    /// <summary>
    /// Folders of Quoin.Server and the folders each may use, besides itself. Control and Dashboard read everything and
    /// stand on nobody's list, so nothing reads them. Telemetry tells of model calls in the gateway's own words (its
    /// error, usage and API types), so these two know each other.
    /// </summary>
    private static readonly Dictionary<string, string[]> Features = new(StringComparer.Ordinal)
    {
        ["Configuration"] = [],
        ["Telemetry"] = ["Configuration"],
        ["Storage"] = ["Configuration", "Telemetry"],
        ["Cluster"] = ["Configuration", "Telemetry"],
        ["Gateway"] = ["Configuration", "Telemetry", "Storage"],
        ["Workers"] = ["Configuration", "Telemetry", "Storage", "Gateway"],
        ["Flows"] = ["Configuration", "Telemetry", "Storage", "Gateway"],
        ["Agents"] = ["Configuration", "Telemetry", "Storage", "Gateway", "Cluster"],
        ["Control"] = ["Configuration", "Telemetry", "Storage", "Cluster", "Gateway", "Flows", "Agents"],
        ["Dashboard"] = ["Configuration", "Telemetry", "Storage", "Cluster", "Gateway", "Flows", "Agents"],
    };

    private static IEnumerable<string> Projects =>
        SourceTree.Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal));

    [Fact]
    public void Projects_refer_only_to_those_they_may_know()
    {
        var offenders = new List<string>();
        foreach (var file in Projects.Where(file => file.StartsWith("src/", StringComparison.Ordinal)))
        {
            var project = Path.GetFileNameWithoutExtension(file);
            if (!References.TryGetValue(project, out var allowed))
            {
                offenders.Add($"{project} is not in the map of references");
                continue;
            }

            offenders.AddRange(ReferencesOf(file).Except(allowed).Select(other => $"{project} refers to {other}"));
        }

        AssertNone(offenders);
    }

    [Fact]
    public void Sources_do_not_refer_to_tests_or_benchmarks_in_any_way()
    {
        var offenders = Projects.Where(file => file.StartsWith("src/", StringComparison.Ordinal))
            .Where(file => Regex.IsMatch(SourceTree.Read(file), @"\.\./(tests|bench)/", RegexOptions.NonBacktracking));
        AssertNone(offenders);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = XDocument.Parse(SourceTree.Read("Quoin.slnx")).Descendants("Project")
            .Select(project => (string)project.Attribute("Path")!);
        Assert.Equal(Projects.Order(StringComparer.Ordinal), solution.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Features_of_the_server_use_only_those_they_may_know()
    {
        var offenders = new List<string>();
        foreach (var file in SourceTree.CSharpFiles.Where(file => FeatureOf(file) is not null))
        {
            var feature = FeatureOf(file)!;
            if (!Features.TryGetValue(feature, out var allowed))
            {
                offenders.Add($"{feature} is not in the map of features ({file})");
                continue;
            }

            var used = SourceMeasures.NamesUsed(SourceMeasures.Parse(SourceTree.Read(file))).SelectMany(FeatureNamed);
            offenders.AddRange(used.Distinct().Where(other => other != feature && !allowed.Contains(other))
                .Select(other => $"{file} uses {other}"));
        }

        AssertNone(offenders);
    }

    [Fact]
    public void Files_functions_and_lines_stay_small()
    {
        var tooLarge = new List<Measure>();
        foreach (var file in SourceTree.CSharpFiles)
        {
            var source = SourceTree.Read(file);
            var unit = SourceMeasures.Parse(source);
            tooLarge.AddRange(new[] { new Measure(file, SourceMeasures.Lines(source)) }.Where(m => m.Size > FileLines));
            tooLarge.AddRange(SourceMeasures.Functions(file, unit).Where(m => m.Size > FunctionLines));
            tooLarge.AddRange(SourceMeasures.LongLines(file, unit, LineLength));
        }

        var allowed = Exceptions.ToDictionary(m => m.Where, m => m.Size, StringComparer.Ordinal);
        var grown = tooLarge.Where(m => m.Size > allowed.GetValueOrDefault(m.Where))
            .Select(m => $"{m.Where} has {m.Size}");
        var needless = Exceptions.Where(e => !tooLarge.Exists(m => m.Where == e.Where && m.Size == e.Size))
            .Select(e => $"{e.Where} is no longer {e.Size}: lower or remove its exception");
        AssertNone(grown.Concat(needless));
    }

    [Fact]
    public void Every_folder_of_src_is_named_in_the_architecture_page()
    {
        var page = SourceTree.Read("ARCHITECTURE.md");
        var projects = Projects.Where(file => file.StartsWith("src/", StringComparison.Ordinal))
            .Select(file => Path.GetFileNameWithoutExtension(file));
        var features = SourceTree.CSharpFiles.Select(FeatureOf).OfType<string>().Distinct().Select(name => name + "/");
        var unnamed = projects.Concat(features).Where(name => !page.Contains(name, StringComparison.Ordinal)).ToList();
        AssertNone(unnamed);
    }

    [Fact]
    public void Tests_live_in_folders_that_mirror_the_sources()
    {
        string[] others = ["Fakes", "Repository", "Simulation", "Conformance"];
        var projects = References.Keys.Select(name => name["Quoin.".Length..]);
        var folders = SourceTree.CSharpFiles.Select(file => file.Split('/'))
            .Where(parts => parts is ["tests", "Quoin.Tests", _, _, ..]).Select(parts => parts[2]).Distinct();
        AssertNone(folders.Except([.. Features.Keys, .. projects, .. others]));
    }

    // The words are put together here so that this file does not hold them.
    [Theory]
    [InlineData(@"\b(FIX" + @"ME|TO" + @"DO|X" + @"XX)\b", "work left undone")]
    [InlineData("Not" + "ImplementedException", "work left undone")]
    [InlineData(@"registry\.npm" + @"js|npm" + @"mirror|api\.nu" + @"get\.org|deb\.deb" + @"ian\.org", "a registry")]
    [InlineData(@"""resol" + @"ved"": *""http", "a registry's address in a lock file")]
    [InlineData(@"(^|[\s""'`=:(])/(work|root|home|Users)/", "a path of one machine")]
    public void Nothing_tracked_holds(string pattern, string what)
    {
        var expression = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.Multiline);
        var offenders = new List<string>();
        foreach (var file in SourceTree.Files.Where(IsText))
        {
            var text = SourceTree.Read(file);
            foreach (Match match in expression.Matches(text))
            {
                var line = SourceMeasures.Lines(text[..match.Index]) + 1;
                offenders.Add($"{file}:{line} holds {what}: {match.Value.Trim()}");
            }
        }

        AssertNone(offenders);
    }

    private static void AssertNone(IEnumerable<string> offenders)
    {
        var list = string.Join('\n', offenders);
        Assert.True(list.Length == 0, list);
    }

    private static bool IsText(string file) =>
        Path.GetExtension(file) is not (".png" or ".ico" or ".svg" or ".woff2" or ".wasm" or ".gz" or ".bin");

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants("ProjectReference")
            .Select(reference => (string)reference.Attribute("Include")!)
            .Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

    /// <summary>The folder of Quoin.Server that the file is in; null elsewhere.</summary>
    private static string? FeatureOf(string file) =>
        file.Split('/') is ["src", "Quoin.Server", var feature, _, ..] ? feature : null;

    /// <summary>The feature a dotted name leads to: <c>Quoin.Server.X.Y</c>, or <c>X.Y</c> inside the server.</summary>
    private static IEnumerable<string> FeatureNamed(string name)
    {
        string[] parts = name.Split('.');
        if (parts is ["Quoin", "Server", var feature, ..])
            yield return feature;
        else if (parts.Length > 1 && Features.ContainsKey(parts[0]) && char.IsUpper(parts[1][0]))
            yield return parts[0];
    }
}
