using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Writes one turn as one or more messages: each tool result is a message of its own and comes before the rest of
/// its turn. Thoughts go back only to compatible servers, which take them as reasoning_content.
/// </summary>
internal static class OpenAIChatMessageWriter
{
    public static void Write(Utf8JsonWriter writer, Turn turn, UpstreamTraits upstream)
    {
        switch (turn.Role)
        {
            case Role.Assistant:
                WriteAssistant(writer, turn, upstream);
                break;
            case Role.System:
                WriteMessage(writer, "system"u8, turn.Parts);
                break;
            default:
                WriteUser(writer, turn);
                break;
        }
    }

    private static void WriteUser(Utf8JsonWriter writer, Turn turn)
    {
        var rest = new List<Part>(turn.Parts.Count);
        foreach (var part in turn.Parts)
        {
            if (part is ToolResultPart result)
            {
                WriteToolResult(writer, result);
            }
            else
            {
                rest.Add(part);
            }
        }

        if (rest.Count > 0 || turn.Parts.Count == 0)
        {
            WriteMessage(writer, "user"u8, rest);
        }
    }

    private static void WriteMessage(Utf8JsonWriter writer, ReadOnlySpan<byte> role, IReadOnlyList<Part> parts)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        writer.WritePropertyName("content"u8);
        WriteContent(writer, parts);
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, IReadOnlyList<Part> parts)
    {
        switch (parts)
        {
            case []:
                writer.WriteStringValue(""u8);
                return;
            case [TextPart only]:
                writer.WriteStringValue(only.Text);
                return;
        }

        writer.WriteStartArray();
        foreach (var part in parts)
        {
            WritePart(writer, part);
        }

        writer.WriteEndArray();
    }

    private static void WriteToolResult(Utf8JsonWriter writer, ToolResultPart result)
    {
        foreach (var part in result.Content)
        {
            if (part is not TextPart)
            {
                throw new UntranslatableException(
                    ChatField.Turns, part.Path, "the provider takes only text as a tool's result");
            }
        }

        writer.WriteStartObject();
        writer.WriteString("role"u8, "tool"u8);
        writer.WriteString("tool_call_id"u8, result.CallId);
        writer.WritePropertyName("content"u8);
        WriteContent(writer, ToolErrorMark.Write(result));
        writer.WriteEndObject();
    }

    private static void WriteAssistant(Utf8JsonWriter writer, Turn turn, UpstreamTraits upstream)
    {
        var text = turn.Parts.Where(part => part is TextPart).ToArray();
        var calls = turn.Parts.OfType<ToolCallPart>().ToArray();
        var refusals = turn.Parts.OfType<RefusalPart>().ToArray();
        var media = turn.Parts.FirstOrDefault(part => part is MediaPart or ToolResultPart);
        if (media is not null)
        {
            throw new UntranslatableException(
                ChatField.Turns, media.Path, "the provider takes only text and tool calls from an assistant");
        }

        writer.WriteStartObject();
        writer.WriteString("role"u8, "assistant"u8);
        writer.WritePropertyName("content"u8);
        if (text.Length == 0 && (calls.Length > 0 || refusals.Length > 0))
        {
            writer.WriteNullValue();
        }
        else
        {
            WriteContent(writer, text);
        }

        if (refusals.Length > 0)
        {
            writer.WriteString("refusal"u8, string.Concat(refusals.Select(refusal => refusal.Text)));
        }

        if (upstream.CompatibleServer)
        {
            var thoughts = string.Concat(turn.Parts.OfType<ReasoningPart>().Select(thought => thought.Text));
            if (thoughts.Length > 0)
            {
                writer.WriteString("reasoning_content"u8, thoughts);
            }
        }

        if (calls.Length > 0)
        {
            writer.WriteStartArray("tool_calls"u8);
            foreach (var call in calls)
            {
                WriteToolCall(writer, call);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>A call as it stands in a message, asked for or answered.</summary>
    public static void WriteToolCall(Utf8JsonWriter writer, ToolCallPart call)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, call.Id);
        writer.WriteString("type"u8, "function"u8);
        writer.WriteStartObject("function"u8);
        writer.WriteString("name"u8, call.Name);
        writer.WriteString("arguments"u8, call.Arguments.Length == 0 ? "{}" : call.Arguments);
        writer.WriteEndObject();
        if (call.Signature is { } signature)
        {
            WriteSignature(writer, signature);
        }

        writer.WriteEndObject();
    }

    /// <summary><c>"extra_content":{"google":{"thought_signature":…}}</c></summary>
    public static void WriteSignature(Utf8JsonWriter writer, string signature)
    {
        writer.WriteStartObject("extra_content"u8);
        writer.WriteStartObject("google"u8);
        writer.WriteString("thought_signature"u8, signature);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter writer, Part part)
    {
        writer.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, text.Text);
                break;
            case RefusalPart refusal:
                writer.WriteString("type"u8, "refusal"u8);
                writer.WriteString("refusal"u8, refusal.Text);
                break;
            case MediaPart media:
                WriteMedia(writer, media);
                break;
            default:
                throw new UntranslatableException(
                    ChatField.Turns, part.Path, "the provider does not take this kind of content here");
        }

        writer.WriteEndObject();
    }

    private static void WriteMedia(Utf8JsonWriter writer, MediaPart media)
    {
        if (media.IsImage)
        {
            writer.WriteString("type"u8, "image_url"u8);
            writer.WriteStartObject("image_url"u8);
            writer.WriteString("url"u8, media.Data is { } data
                ? DataUrl.Format(media.MediaType ?? "image/png", data)
                : WebUrl(media));
            if (media.Detail is { } detail)
            {
                writer.WriteString("detail"u8, detail);
            }

            writer.WriteEndObject();
            return;
        }

        if (media.Data is not { } bytes)
        {
            throw new UntranslatableException(
                ChatField.Turns, media.Path, "the provider takes files and sound only as base64, not by URL");
        }

        if (media.IsAudio)
        {
            writer.WriteString("type"u8, "input_audio"u8);
            writer.WriteStartObject("input_audio"u8);
            writer.WriteString("data"u8, bytes);
            writer.WriteString("format"u8, AudioFormat(media));
            writer.WriteEndObject();
            return;
        }

        writer.WriteString("type"u8, "file"u8);
        writer.WriteStartObject("file"u8);
        writer.WriteString("filename"u8, media.FileName ?? "file");
        writer.WriteString("file_data"u8, DataUrl.Format(media.MediaType!, bytes));
        writer.WriteEndObject();
    }

    private static string AudioFormat(MediaPart media)
    {
        var subtype = media.MediaType!["audio/".Length..].ToLowerInvariant();
        return subtype switch
        {
            "wav" or "x-wav" or "wave" => "wav",
            "mp3" or "mpeg" => "mp3",
            _ => subtype,
        };
    }

    private static string WebUrl(MediaPart media) =>
        media.Url is { } url && url.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            ? url
            : throw new UntranslatableException(
                ChatField.Turns, media.Path, "the provider takes images by http(s) URL or as base64 only");
}
