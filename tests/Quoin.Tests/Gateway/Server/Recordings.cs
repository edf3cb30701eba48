using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;

namespace Quoin.Tests.Gateway.Server;

/// <summary>
/// Recorded provider answers of all archives in the test data. The folder tells the API; the name tells a stream
/// (NAME.chunks.txt, one payload a line) from a body (NAME.json).
/// </summary>
internal sealed record Recording(string Folder, string Name, string Text)
{
    private static readonly SortedDictionary<string, Recording> Read = Load();

    public static IReadOnlyDictionary<string, Recording> All => Read;

    public bool IsStream => Name.EndsWith(".chunks.txt", StringComparison.Ordinal);

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static SortedDictionary<string, Recording> Load()
    {
        var recordings = new SortedDictionary<string, Recording>(StringComparer.Ordinal);
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA") ?? Path.Combine(Root(), "../shared/data");
        if (!Directory.Exists(folder))
        {
            return recordings;
        }

        foreach (var archive in Directory.GetFiles(folder, "recorded-streams*.tar.gz"))
        {
            using var packed = File.OpenRead(archive);
            using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            using var tar = new TarReader(unpacked);
            while (tar.GetNextEntry() is { } entry)
            {
                var path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                var slash = path.LastIndexOf('/');
                if (entry.DataStream is { } data && slash > 0
                    && (path.EndsWith(".chunks.txt", StringComparison.Ordinal)
                        || path.EndsWith(".json", StringComparison.Ordinal)))
                {
                    using var text = new StreamReader(data, Encoding.UTF8);
                    recordings[path] = new Recording(path[..slash], path[(slash + 1)..], text.ReadToEnd());
                }
            }
        }

        return recordings;
    }

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../.."));
}
