using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Writes one turn as input items. Of thoughts only those that OpenAI sealed itself go back; the others are private
/// to the provider that made them, as are the signatures of tool calls, and are left out. Results of tools come
/// before the rest of their turn. A failed tool is told as chat completions tell it, by a first line.
/// </summary>
internal static class ResponsesItemWriter
{
    public static void Write(Utf8JsonWriter writer, Turn turn)
    {
        switch (turn.Role)
        {
            case Role.Assistant:
                WriteAssistant(writer, turn);
                break;
            case Role.System:
                WriteMessage(writer, "system"u8, turn.Parts, answer: false);
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
                WriteResult(writer, result);
            }
            else
            {
                rest.Add(part);
            }
        }

        if (rest.Count > 0 || turn.Parts.Count == 0)
        {
            WriteMessage(writer, "user"u8, rest, answer: false);
        }
    }

    private static void WriteAssistant(Utf8JsonWriter writer, Turn turn)
    {
        var texts = new List<Part>();
        foreach (var part in turn.Parts)
        {
            switch (part)
            {
                case TextPart or RefusalPart:
                    texts.Add(part);
                    break;
                case ReasoningPart thought:
                    if (thought.Signature is { } seal && ResponsesSeal.TryOpen(seal, out var content, out var id))
                    {
                        WriteTexts(writer, texts);
                        ResponsesOutputItems.WriteReasoning(writer, id, thought.Text, content);
                    }

                    break;
                case ToolCallPart call:
                    WriteTexts(writer, texts);
                    WriteCall(writer, call);
                    break;
                default:
                    throw new UntranslatableException(
                        ChatField.Turns, part.Path, "the provider takes only text and tool calls from an assistant");
            }
        }

        WriteTexts(writer, texts);
    }

    private static void WriteTexts(Utf8JsonWriter writer, List<Part> texts)
    {
        if (texts.Count > 0)
        {
            WriteMessage(writer, "assistant"u8, texts, answer: true);
            texts.Clear();
        }
    }

    private static void WriteCall(Utf8JsonWriter writer, ToolCallPart call)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function_call"u8);
        writer.WriteString("call_id"u8, call.Id);
        writer.WriteString("name"u8, call.Name);
        writer.WriteString("arguments"u8, call.Arguments.Length == 0 ? "{}" : call.Arguments);
        writer.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter writer, ToolResultPart result)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function_call_output"u8);
        writer.WriteString("call_id"u8, result.CallId);
        writer.WritePropertyName("output"u8);
        WriteContent(writer, ToolErrorMark.Write(result), answer: false);
        writer.WriteEndObject();
    }

    private static void WriteMessage(
        Utf8JsonWriter writer, ReadOnlySpan<byte> role, IReadOnlyList<Part> parts, bool answer)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, role);
        writer.WritePropertyName("content"u8);
        WriteContent(writer, parts, answer);
        writer.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter writer, IReadOnlyList<Part> parts, bool answer)
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
            writer.WriteStartObject();
            WritePart(writer, part, answer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePart(Utf8JsonWriter writer, Part part, bool answer)
    {
        switch (part)
        {
            case TextPart text:
                writer.WriteString("type"u8, answer ? "output_text"u8 : "input_text"u8);
                writer.WriteString("text"u8, text.Text);
                break;
            case RefusalPart refusal when answer:
                writer.WriteString("type"u8, "refusal"u8);
                writer.WriteString("refusal"u8, refusal.Text);
                break;
            case MediaPart { IsImage: true } image:
                WriteImage(writer, image);
                break;
            case MediaPart media:
                WriteFile(writer, media);
                break;
            default:
                throw new UntranslatableException(
                    ChatField.Turns, part.Path, "the provider does not take this kind of content here");
        }
    }

    private static void WriteImage(Utf8JsonWriter writer, MediaPart image)
    {
        writer.WriteString("type"u8, "input_image"u8);
        writer.WriteString("image_url"u8, image.Data is { } data
            ? DataUrl.Format(image.MediaType ?? "image/png", data)
            : WebUrl(image));
        writer.WriteString("detail"u8, image.Detail ?? "auto");
    }

    private static void WriteFile(Utf8JsonWriter writer, MediaPart file)
    {
        if (file.IsAudio || file.MediaType!.StartsWith("video/", StringComparison.OrdinalIgnoreCase))
        {
            throw new UntranslatableException(
                ChatField.Turns, file.Path, "the provider's responses API takes images and documents only");
        }

        writer.WriteString("type"u8, "input_file"u8);
        if (file.Data is not { } data)
        {
            writer.WriteString("file_url"u8, WebUrl(file));
            return;
        }

        writer.WriteString("filename"u8, file.FileName ?? "file");
        writer.WriteString("file_data"u8, DataUrl.Format(file.MediaType!, data));
    }

    private static string WebUrl(MediaPart media) =>
        media.Url is { } url && url.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            ? url
            : throw new UntranslatableException(
                ChatField.Turns, media.Path, "the provider takes media by http(s) URL or as base64 only");
}
