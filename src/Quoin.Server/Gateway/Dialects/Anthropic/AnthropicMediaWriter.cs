using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Writes image and document blocks: images of four kinds, PDF and text as base64 or plain text, and images and PDF
/// by http or https URL. Text of any kind is written as plain text, the only one that Anthropic names. An image's
/// file name and detail are hints.
/// </summary>
internal static class AnthropicMediaWriter
{
    private const string Pdf = "application/pdf";

    public static void Write(Utf8JsonWriter writer, MediaPart media)
    {
        var type = Bare(media.MediaType);
        if (media.Url is { } url)
        {
            WriteUrl(writer, media, url, type);
        }
        else if (type is "image/jpeg" or "image/png" or "image/gif" or "image/webp")
        {
            StartBlock(writer, "image");
            WriteSource(writer, "base64", type, media.Data ?? "");
            writer.WriteEndObject();
        }
        else if (type == Pdf)
        {
            StartBlock(writer, "document");
            WriteSource(writer, "base64", type, media.Data ?? "");
            WriteTitle(writer, media);
        }
        else if (type?.StartsWith("text/", StringComparison.Ordinal) == true)
        {
            var text = Decode(media);
            StartBlock(writer, "document");
            WriteSource(writer, "text", "text/plain", text);
            WriteTitle(writer, media);
        }
        else
        {
            throw new UntranslatableException(
                ChatField.Turns,
                media.Path,
                $"is of type {type ?? "unknown"}; Anthropic takes JPEG, PNG, GIF and WebP images, PDF and text");
        }
    }

    private static void WriteUrl(Utf8JsonWriter writer, MediaPart media, string url, string? type)
    {
        if (!url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            && !url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            throw new UntranslatableException(ChatField.Turns, media.Path, "is not at an http or https URL");
        }

        if (!media.IsImage && type != Pdf)
        {
            throw new UntranslatableException(
                ChatField.Turns, media.Path, $"is of type {type}; Anthropic fetches images and PDF only");
        }

        StartBlock(writer, media.IsImage ? "image" : "document");
        writer.WriteStartObject("source"u8);
        writer.WriteString("type"u8, "url"u8);
        writer.WriteString("url"u8, url);
        writer.WriteEndObject();
        if (media.IsImage)
        {
            writer.WriteEndObject();
        }
        else
        {
            WriteTitle(writer, media);
        }
    }

    private static void StartBlock(Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
    }

    private static void WriteSource(Utf8JsonWriter writer, string type, string mediaType, string data)
    {
        writer.WriteStartObject("source"u8);
        writer.WriteString("type"u8, type);
        writer.WriteString("media_type"u8, mediaType);
        writer.WriteString("data"u8, data);
        writer.WriteEndObject();
    }

    private static void WriteTitle(Utf8JsonWriter writer, MediaPart document)
    {
        if (document.FileName is { Length: > 0 } title)
        {
            writer.WriteString("title"u8, title);
        }

        writer.WriteEndObject();
    }

    private static string Decode(MediaPart media)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true)
                .GetString(Convert.FromBase64String(media.Data ?? ""));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw new UntranslatableException(ChatField.Turns, media.Path, "is not UTF-8 text in base64");
        }
    }

    /// <summary>Without parameters such as a charset.</summary>
    private static string? Bare(string? mediaType) => mediaType?.Split(';')[0].Trim().ToLowerInvariant();
}
