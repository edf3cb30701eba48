using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Quoin.Fuzz;

/// <summary>
/// Recorded answers of providers from the test data, where it is there: NAME.chunks.txt holds one payload a line,
/// NAME.json a whole answer.
/// </summary>
internal static class Recordings
{
    private static readonly Lazy<IReadOnlyList<(string Path, string Text)>> All = new(Load);

    /// <summary>Streams of the folders, as server-sent events.</summary>
    public static IEnumerable<byte[]> Streams(params string[] folders) =>
        Of(folders, ".chunks.txt").Select(text => EventText.Join(
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => EventText.Of(line.TrimEnd('\r')))));

    public static IEnumerable<byte[]> Answers(params string[] folders) =>
        Of(folders, ".json").Select(Encoding.UTF8.GetBytes);

    private static IEnumerable<string> Of(string[] folders, string ending) => All.Value
        .Where(file => file.Path.EndsWith(ending, StringComparison.Ordinal)
            && folders.Any(folder => file.Path.StartsWith(folder, StringComparison.Ordinal)))
        .Select(file => file.Text)
        .Where(text => text.Length <= Mutator.MaxBytes);

    private static List<(string Path, string Text)> Load()
    {
        var recordings = new List<(string, string)>();
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA")
            ?? Path.Combine(Root(), "..", "shared", "data");
        if (!Directory.Exists(folder))
        {
            return recordings;
        }

        foreach (var file in Directory.GetFiles(folder, "recorded-streams*.tar.gz").Order(StringComparer.Ordinal))
        {
            using var packed = File.OpenRead(file);
            using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            using var tar = new TarReader(unpacked);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is { } data)
                {
                    using var text = new StreamReader(data, Encoding.UTF8);
                    recordings.Add((entry.Name.TrimStart('.', '/'), text.ReadToEnd()));
                }
            }
        }

        return recordings;
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Quoin.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
