using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads image and document blocks. Plain text documents become base64 of media type text/plain, a document's title
/// is its file name. Files uploaded to Anthropic cannot be fetched for another provider and are refused; so are a
/// document's context and citations, which the model would see or write.
/// </summary>
internal static class AnthropicMediaReader
{
    public static MediaPart ReadImage(JsonElement element, string path)
    {
        MediaPart? image = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            switch (field.Name)
            {
                case "source":
                    image = ReadSource(field.Value, path + ".source", null);
                    break;
                case "type" or "cache_control":
                    break;
                default:
                    throw JsonFields.Unknown($"{path}.{field.Name}");
            }
        }

        return (image ?? throw JsonFields.Missing(path + ".source")) with { Path = path };
    }

    public static MediaPart ReadDocument(JsonElement element, string path)
    {
        MediaPart? document = null;
        string? title = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            var place = $"{path}.{field.Name}";
            switch (field.Name)
            {
                case "source":
                    document = ReadSource(field.Value, place, "application/pdf");
                    break;
                case "title":
                    title = JsonFields.StringOrNull(field.Value, place);
                    break;
                case "citations":
                    RefuseCitations(field.Value, place);
                    break;
                case "context" when field.Value.ValueKind == JsonValueKind.Null:
                case "type":
                case "cache_control":
                    break;
                default:
                    throw JsonFields.Unknown(place);
            }
        }

        return (document ?? throw JsonFields.Missing(path + ".source")) with { FileName = title, Path = path };
    }

    private static void RefuseCitations(JsonElement citations, string path)
    {
        if (citations.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (JsonFields.Object(citations, path).TryGetProperty("enabled", out var enabled)
            && JsonFields.Boolean(enabled, path + ".enabled"))
        {
            throw JsonFields.Unsupported(path, "asks for citations, which this model's provider does not give");
        }
    }

    /// <param name="urlType">Media type of what a URL leads to, where the block tells.</param>
    private static MediaPart ReadSource(JsonElement source, string path, string? urlType)
    {
        string? type = null;
        string? mediaType = null;
        string? data = null;
        string? url = null;
        foreach (var field in AnthropicFields.Of(source, path))
        {
            var place = $"{path}.{field.Name}";
            switch (field.Name)
            {
                case "type":
                    type = JsonFields.String(field.Value, place);
                    break;
                case "media_type":
                    mediaType = JsonFields.String(field.Value, place);
                    break;
                case "data":
                    data = JsonFields.String(field.Value, place);
                    break;
                case "url":
                    url = JsonFields.String(field.Value, place);
                    break;
                default:
                    throw field.Name is "file_id" or "content"
                        ? JsonFields.Unsupported(place, "has no counterpart at this model's provider")
                        : JsonFields.Unknown(place);
            }
        }

        return type switch
        {
            "base64" => new MediaPart(
                mediaType ?? throw JsonFields.Missing(path + ".media_type"),
                data ?? throw JsonFields.Missing(path + ".data"),
                null),
            "url" => new MediaPart(urlType, null, url ?? throw JsonFields.Missing(path + ".url")),
            "text" when urlType is not null => new MediaPart(
                "text/plain",
                Convert.ToBase64String(Encoding.UTF8.GetBytes(data ?? throw JsonFields.Missing(path + ".data"))),
                null),
            null => throw JsonFields.Missing(path + ".type"),
            _ => throw JsonFields.Unsupported(path + ".type", $"is {type}, which cannot be translated here"),
        };
    }
}
