using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Quoin.Tests.Repository;

namespace Quoin.Tests.Wasm.Specification;

/// <summary>
/// Counts what became of the scripts, and writes it, when all have run, to
/// <c>artifacts/test-results/wasm-coverage.md</c>, of which docs/wasm-coverage.md is a copy.
/// </summary>
public sealed class SpecificationReport : IDisposable
{
    private static readonly string[] Kinds =
    [
        "module", "action", "assert_return", "assert_trap", "assert_exhaustion", "assert_invalid", "assert_malformed",
        "assert_unlinkable", "assert_uninstantiable",
    ];

    private readonly ConcurrentDictionary<string, List<ScriptResult>> _results = new(StringComparer.Ordinal);

    internal void Add(string script, List<ScriptResult> results) => _results[script] = results;

    public void Dispose()
    {
        if (_results.IsEmpty)
            return;
        var folder = Directory.CreateDirectory(Path.Combine(SourceTree.Root, "artifacts", "test-results"));
        File.WriteAllText(Path.Combine(folder.FullName, "wasm-coverage.md"), Page());
    }

    private string Page()
    {
        var page = new StringBuilder("""
            # WebAssembly: the specification's tests

            What became of each command of the specification's test scripts, of WebAssembly 2.0 with vectors, tail calls
            and extended constants. Written by `./test wasm` (artifacts/test-results/wasm-coverage.md).
            *Never* run are scripts' commands on the text format: this library reads only binaries.


            """);
        string[] columns = ["script", .. Kinds.Select(kind => kind.Split('_')[^1]), "failed", "never"];
        page.Append("| ").AppendJoin(" | ", columns).Append(" |\n");
        page.Append('|').AppendJoin("|", columns.Select(_ => "---")).Append("|\n");
        foreach (var (script, results) in _results.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            AppendRow(page, script, results);
        var sets = _results.GroupBy(pair => pair.Key.Split('/')[0]).OrderBy(set => set.Key, StringComparer.Ordinal);
        foreach (var set in sets)
            AppendRow(page, $"**{set.Key}**", [.. set.SelectMany(pair => pair.Value)]);
        AppendRow(page, "**all**", [.. _results.Values.SelectMany(results => results)]);
        return page.ToString();
    }

    private static void AppendRow(StringBuilder page, string name, List<ScriptResult> results)
    {
        page.Append("| ").Append(name);
        foreach (var kind in Kinds)
            AppendCount(page, results.Count(result => result.Kind == kind && result.Outcome == ScriptOutcome.Passed));
        AppendCount(page, results.Count(result => result.Outcome == ScriptOutcome.Failed));
        AppendCount(page, results.Count(result => result.Outcome == ScriptOutcome.Never));
        page.Append(" |\n");
    }

    private static void AppendCount(StringBuilder page, int count) =>
        page.Append(" | ").Append(count == 0 ? "" : count.ToString(CultureInfo.InvariantCulture));
}
