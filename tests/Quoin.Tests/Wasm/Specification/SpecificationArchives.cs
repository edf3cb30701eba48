using System.Formats.Tar;
using System.IO.Compression;
using Quoin.Tests.Repository;

namespace Quoin.Tests.Wasm.Specification;

/// <summary>
/// The specification's tests, converted: archives <c>wasm-spec-*.tar.gz</c> in the folder that QUOIN_TEST_DATA names,
/// with <c>SET/FILE/t.json</c> and the modules beside it.
/// </summary>
internal static class SpecificationArchives
{
    private static readonly Lazy<SortedDictionary<string, Dictionary<string, byte[]>>> Read = new(ReadAll);

    /// <summary>Scripts by <c>SET/FILE</c>: the files of each by name.</summary>
    public static IReadOnlyDictionary<string, Dictionary<string, byte[]>> Scripts => Read.Value;

    private static SortedDictionary<string, Dictionary<string, byte[]>> ReadAll()
    {
        var scripts = new SortedDictionary<string, Dictionary<string, byte[]>>(StringComparer.Ordinal);
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA")
            ?? Path.Combine(SourceTree.Root, "../shared/data");
        if (!Directory.Exists(folder))
            return scripts;
        foreach (var archive in Directory.GetFiles(folder, "wasm-spec-*.tar.gz").Order(StringComparer.Ordinal))
        {
            using var reader = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
            while (reader.GetNextEntry() is { } entry)
            {
                var parts = entry.Name.Split('/', StringSplitOptions.RemoveEmptyEntries);
                if (entry.EntryType == TarEntryType.Directory || parts is not [.., var set, var file, var name])
                {
                    continue;
                }

                var bytes = new byte[entry.Length];
                entry.DataStream?.ReadExactly(bytes);
                if (!scripts.TryGetValue($"{set}/{file}", out var files))
                    scripts[$"{set}/{file}"] = files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
                files[name] = bytes;
            }
        }

        foreach (var other in scripts.Where(script => !script.Value.ContainsKey("t.json")).ToList())
            scripts.Remove(other.Key);
        return scripts;
    }
}
