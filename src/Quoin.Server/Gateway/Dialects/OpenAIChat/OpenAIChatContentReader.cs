using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>Reads a message's <c>content</c>: a string, or parts of text, image, sound, file and refusal.</summary>
internal static class OpenAIChatContentReader
{
    public static IReadOnlyList<Part> Read(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return [];
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
        foreach (var property in item.EnumerateObject())
        {
            if (property.Name is not ("type" or "cache_control") && property.Name != type)
            {
                throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        if (!item.TryGetProperty(type, out var value))
        {
            throw type is "text" or "image_url" or "input_audio" or "file" or "refusal"
                ? JsonFields.Missing(path + "." + type)
                : JsonFields.Unsupported(
                    path + ".type", "must be one of text, image_url, input_audio, file, refusal");
        }

        var at = path + "." + type;
        return type switch
        {
            "text" => new TextPart(JsonFields.String(value, at)),
            "refusal" => new RefusalPart(JsonFields.String(value, at)),
            "image_url" => ReadImage(value, at),
            "input_audio" => ReadAudio(value, at),
            "file" => ReadFile(value, at),
            _ => throw JsonFields.Unsupported(
                path + ".type", "must be one of text, image_url, input_audio, file, refusal"),
        };
    }

    private static MediaPart ReadImage(JsonElement value, string path)
    {
        string? url = null, detail = null;
        foreach (var property in JsonFields.Object(value, path).EnumerateObject())
        {
            switch (property.Name)
            {
                case "url":
                    url = JsonFields.String(property.Value, path + ".url");
                    break;
                case "detail":
                    detail = JsonFields.StringOrNull(property.Value, path + ".detail");
                    break;
                default:
                    throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        var address = url ?? throw JsonFields.Missing(path + ".url");
        return DataUrl.TryParse(address, out var mediaType, out var data)
            ? new MediaPart(mediaType, data, null, Detail: detail)
            : new MediaPart(null, null, address, Detail: detail);
    }

    private static MediaPart ReadAudio(JsonElement value, string path)
    {
        string? data = null, format = null;
        foreach (var property in JsonFields.Object(value, path).EnumerateObject())
        {
            switch (property.Name)
            {
                case "data":
                    data = JsonFields.String(property.Value, path + ".data");
                    break;
                case "format":
                    format = JsonFields.String(property.Value, path + ".format");
                    break;
                default:
                    throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        return new MediaPart(
            "audio/" + (format ?? throw JsonFields.Missing(path + ".format")),
            data ?? throw JsonFields.Missing(path + ".data"),
            null);
    }

    private static MediaPart ReadFile(JsonElement value, string path)
    {
        string? data = null, name = null;
        foreach (var property in JsonFields.Object(value, path).EnumerateObject())
        {
            switch (property.Name)
            {
                case "file_data":
                    data = JsonFields.String(property.Value, path + ".file_data");
                    break;
                case "filename":
                    name = JsonFields.StringOrNull(property.Value, path + ".filename");
                    break;
                case "file_id":
                    throw JsonFields.Unsupported(
                        path + ".file_id", "names a file kept by another provider: send file_data");
                default:
                    throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        return DataUrl.TryParse(
            data ?? throw JsonFields.Missing(path + ".file_data"), out var mediaType, out var bytes)
            ? new MediaPart(mediaType, bytes, null, name)
            : throw JsonFields.Unsupported(path + ".file_data", "must be a data URL with base64");
    }
}
