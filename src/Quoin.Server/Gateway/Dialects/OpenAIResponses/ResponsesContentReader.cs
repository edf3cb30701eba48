using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads the content of a message or of a function's output: a string, or parts. Left out as hints: annotations and
/// logprobs of an output_text, what OpenAI's own clients parsed of it, and where a prompt's cache may break.
/// </summary>
internal static class ResponsesContentReader
{
    public static IReadOnlyList<Part> Read(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return [new TextPart(value.GetString()!) { Path = path }];
            case JsonValueKind.Array:
                break;
            default:
                throw JsonFields.Wrong(value, path, "a string or an array of parts");
        }

        var parts = new List<Part>();
        foreach (var item in value.EnumerateArray())
        {
            var at = $"{path}[{parts.Count}]";
            parts.Add(ReadPart(JsonFields.Object(item, at), at) with { Path = at });
        }

        return parts;
    }

    private static Part ReadPart(JsonElement item, string path)
    {
        var type = item.TryGetProperty("type", out var t)
            ? JsonFields.String(t, path + ".type")
            : throw JsonFields.Missing(path + ".type");
        return type switch
        {
            "input_text" or "output_text" or "text" => new TextPart(ReadText(item, path, "text")),
            "refusal" => new RefusalPart(ReadText(item, path, "refusal")),
            "input_image" => ReadImage(item, path),
            "input_file" => ReadFile(item, path),
            _ => throw JsonFields.Unsupported(
                path + ".type", "must be one of input_text, input_image, input_file, output_text, refusal"),
        };
    }

    private static string ReadText(JsonElement item, string path, string name)
    {
        string? text = null;
        foreach (var property in item.EnumerateObject())
        {
            if (property.Name == name)
            {
                text = JsonFields.String(property.Value, path + "." + name);
            }
            else if (property.Name is not (
                "type" or "annotations" or "logprobs" or "parsed" or "prompt_cache_breakpoint"))
            {
                throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        return text ?? throw JsonFields.Missing(path + "." + name);
    }

    private static MediaPart ReadImage(JsonElement item, string path)
    {
        string? url = null, detail = null;
        foreach (var property in item.EnumerateObject())
        {
            var at = path + "." + property.Name;
            switch (property.Name)
            {
                case "type" or "prompt_cache_breakpoint":
                    break;
                case "image_url":
                    url = JsonFields.StringOrNull(property.Value, at);
                    break;
                case "detail":
                    detail = JsonFields.StringOrNull(property.Value, at);
                    break;
                case "file_id":
                    CheckNoFile(property.Value, at, "image_url");
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        var address = url ?? throw JsonFields.Missing(path + ".image_url");
        return DataUrl.TryParse(address, out var mediaType, out var data)
            ? new MediaPart(mediaType, data, null, Detail: detail)
            : new MediaPart(null, null, address, Detail: detail);
    }

    private static MediaPart ReadFile(JsonElement item, string path)
    {
        string? data = null, url = null, name = null;
        foreach (var property in item.EnumerateObject())
        {
            var at = path + "." + property.Name;
            switch (property.Name)
            {
                case "type" or "detail" or "prompt_cache_breakpoint":
                    break;
                case "file_data":
                    data = JsonFields.StringOrNull(property.Value, at);
                    break;
                case "file_url":
                    url = JsonFields.StringOrNull(property.Value, at);
                    break;
                case "filename":
                    name = JsonFields.StringOrNull(property.Value, at);
                    break;
                case "file_id":
                    CheckNoFile(property.Value, at, "file_data or file_url");
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        if (data is null)
        {
            var address = url ?? throw JsonFields.Missing(path + ".file_data");
            return new MediaPart(TypeOf(name ?? address), null, address, name);
        }

        return DataUrl.TryParse(data, out var mediaType, out var bytes)
            ? new MediaPart(mediaType, bytes, null, name)
            : throw JsonFields.Unsupported(path + ".file_data", "must be a data URL with base64");
    }

    private static void CheckNoFile(JsonElement value, string path, string instead)
    {
        if (value.ValueKind != JsonValueKind.Null)
        {
            throw JsonFields.Unsupported(path, $"names a file kept by another provider: send {instead}");
        }
    }

    /// <summary>
    /// A URL does not tell what it leads to and other providers want to know; PDF is what model APIs take by URL.
    /// </summary>
    private static string TypeOf(string address)
    {
        var end = address.AsSpan().IndexOfAny('?', '#');
        return Path.GetExtension(end < 0 ? address : address[..end]).ToLowerInvariant() switch
        {
            ".txt" => "text/plain",
            ".md" => "text/markdown",
            ".csv" => "text/csv",
            ".html" or ".htm" => "text/html",
            ".xml" => "text/xml",
            ".json" => "application/json",
            _ => "application/pdf",
        };
    }
}
