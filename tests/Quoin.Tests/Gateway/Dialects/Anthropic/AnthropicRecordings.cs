using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Quoin.Tests.Gateway.Dialects.Anthropic;

/// <summary>Recorded answers of the provider, read from the test data; empty where that is absent.</summary>
internal static class AnthropicRecordings
{
    /// <summary>Names with all their text: NAME.chunks.txt holds a payload a line, NAME.json a whole message.</summary>
    public static IReadOnlyList<(string Name, string Text)> All { get; } = Load();

    /// <summary>Rebuilds the message that the stream tells, as the API's documentation says.</summary>
    public static JsonNode Rebuild(List<JsonNode> payloads)
    {
        var message = payloads[0]["message"]!.DeepClone();
        var blocks = new SortedDictionary<int, JsonNode>();
        var inputs = new Dictionary<int, string>();
        foreach (var payload in payloads)
        {
            var index = (int?)payload["index"] ?? -1;
            switch ((string?)payload["type"])
            {
                case "content_block_start":
                    blocks[index] = payload["content_block"]!.DeepClone();
                    break;
                case "content_block_delta":
                    var delta = payload["delta"]!;
                    switch ((string?)delta["type"])
                    {
                        case "text_delta":
                            blocks[index]["text"] = (string?)blocks[index]["text"] + (string?)delta["text"];
                            break;
                        case "thinking_delta":
                            blocks[index]["thinking"] = (string?)blocks[index]["thinking"] + (string?)delta["thinking"];
                            break;
                        case "signature_delta":
                            blocks[index]["signature"] = (string?)delta["signature"];
                            break;
                        case "input_json_delta":
                            inputs[index] = inputs.GetValueOrDefault(index) + (string?)delta["partial_json"];
                            break;
                    }

                    break;
                case "message_delta":
                    foreach (var (key, value) in payload["usage"]!.AsObject())
                    {
                        message["usage"]![key] = value?.DeepClone();
                    }

                    foreach (var (key, value) in payload["delta"]!.AsObject())
                    {
                        message[key] = value?.DeepClone();
                    }

                    break;
            }
        }

        foreach (var (index, input) in inputs.Where(input => input.Value.Length > 0))
        {
            blocks[index]["input"] = JsonNode.Parse(input);
        }

        message["content"] = new JsonArray([.. blocks.Values]);
        return message;
    }

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
