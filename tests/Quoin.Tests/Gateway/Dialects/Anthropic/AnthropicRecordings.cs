using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

/// <summary>Recorded answers of the provider, read from the test data; empty where that is absent.</summary>
internal static class AnthropicRecordings
{
    /// <summary>Names with all their text: NAME.chunks.txt holds a payload a line, NAME.json a whole message.</summary>
    public static IReadOnlyList<(string Name, string Text)> All { get; } = Load();

    private static List<(string Name, string Text)> Load()
    {
        var recordings = new List<(string, string)>();
        var folder = Environment.GetEnvironmentVariable("QUOIN_TEST_DATA")
            ?? Path.Combine(Root(), "..", "shared", "data");
        if (!Directory.Exists(folder))
        {
            return recordings;
        }

        foreach (var file in Directory.GetFiles(folder, "recorded-streams*.tar.gz"))
        {
            using var packed = File.OpenRead(file);
            using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
            using var tar = new TarReader(unpacked);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is { } data && entry.Name.Contains("anthropic/", StringComparison.Ordinal))
                {
                    using var text = new StreamReader(data, Encoding.UTF8);
                    recordings.Add((Path.GetFileName(entry.Name), text.ReadToEnd()));
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
