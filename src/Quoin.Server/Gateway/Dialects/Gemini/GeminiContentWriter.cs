using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Writes turns as systemInstruction and contents. Turns of one role in a row become one content, as Gemini wants
/// all results of a step together. Of the thoughts in the history only sealed ones without text go back (see
/// <see cref="GeminiSignatures"/>): Gemini does not read summaries of thoughts, and those with text and signature
/// are another provider's. Ids of calls that were made here are not told to Gemini.
/// </summary>
internal sealed class GeminiContentWriter(Utf8JsonWriter json, string model)
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private bool _unsignedStep;     // a Gemini 3 step of the current turn whose first call is still to come

    public void Write(IReadOnlyList<Turn> turns)
    {
        var first = 0;
        while (first < turns.Count && turns[first].Role == Role.System)
        {
            first++;
        }

        WriteInstructions(turns, first);
        var currentTurn = GeminiSignatures.Demands(model) ? StartOfCurrentTurn(turns) : turns.Count;
        var written = 0;
        json.WriteStartArray("contents"u8);
        for (var i = first; i < turns.Count;)
        {
            var end = i + 1;
            while (end < turns.Count && turns[end].Role == turns[i].Role)
            {
                end++;
            }

            _unsignedStep = turns[i].Role == Role.Assistant && i > currentTurn;
            written += WriteContent(turns, i, end) ? 1 : 0;
            i = end;
        }

        json.WriteEndArray();
        if (written == 0)
        {
            throw new UntranslatableException(
                ChatField.Turns, null, "Gemini wants at least one message besides the instructions");
        }
    }

    /// <summary>A turn of Gemini's begins with the last words of the user, results of tools aside.</summary>
    private static int StartOfCurrentTurn(IReadOnlyList<Turn> turns)
    {
        for (var i = turns.Count - 1; i >= 0; i--)
        {
            if (turns[i].Role == Role.User && turns[i].Parts.Any(part => part is not ToolResultPart))
            {
                return i;
            }
        }

        return -1;
    }

    private void WriteInstructions(IReadOnlyList<Turn> turns, int count)
    {
        var texts = new List<string>();
        for (var i = 0; i < count; i++)
        {
            foreach (var part in turns[i].Parts)
            {
                var text = part as TextPart ?? throw new UntranslatableException(
                    ChatField.Turns, part.Path, "Gemini's instructions can only be text");
                if (text.Text.Length > 0)
                {
                    texts.Add(text.Text);
                }
            }
        }

        if (texts.Count == 0)
        {
            return;
        }

        json.WriteStartObject("systemInstruction"u8);
        json.WriteStartArray("parts"u8);
        foreach (var text in texts)
        {
            WriteText(text);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes turns of one role as one content; an answer of which nothing is left is not written.</summary>
    private bool WriteContent(IReadOnlyList<Turn> turns, int start, int end)
    {
        var role = turns[start].Role;
        if (role == Role.System)
        {
            throw new UntranslatableException(
                ChatField.Turns, turns[start].Path, "Gemini has no place for instructions within the conversation");
        }

        var parts = new List<Part>();
        for (var i = start; i < end; i++)
        {
            parts.AddRange(turns[i].Parts.Where(IsWritten));
        }

        if (parts.Count == 0)
        {
            if (role == Role.Assistant)
            {
                return false;
            }

            parts.Add(new TextPart(""));
        }

        json.WriteStartObject();
        json.WriteString("role"u8, role == Role.User ? "user"u8 : "model"u8);
        json.WriteStartArray("parts"u8);
        foreach (var part in parts)
        {
            WritePart(part);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return true;
    }

    private static bool IsWritten(Part part) => part switch
    {
        TextPart { Text.Length: 0 } or RefusalPart { Text.Length: 0 } => false,
        ReasoningPart reasoning => reasoning is { Redacted: true, Signature: { } signature }
            && GeminiSignatures.CanBeOurs(signature),
        _ => true,
    };

    private void WritePart(Part part)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(text.Text);
                break;
            case RefusalPart refusal:
                WriteText(refusal.Text);
                break;
            case ReasoningPart reasoning:
                json.WriteStartObject();
                json.WriteString("text"u8, ""u8);
                json.WriteString("thoughtSignature"u8, reasoning.Signature);
                json.WriteEndObject();
                break;
            case MediaPart media:
                WriteMedia(media);
                break;
            case ToolCallPart call:
                WriteCall(call);
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
        }
    }

    private void WriteText(string text)
    {
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private void WriteMedia(MediaPart media)
    {
        json.WriteStartObject();
        if (media.Data is not null)
        {
            json.WriteStartObject("inlineData"u8);
            json.WriteString("mimeType"u8, media.MediaType ?? throw new UntranslatableException(
                ChatField.Turns, media.Path, "Gemini wants to know the media type of data"));
            json.WriteString("data"u8, media.Data);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartObject("fileData"u8);
            if (GeminiMedia.TypeOf(media) is { } type)
            {
                json.WriteString("mimeType"u8, type);
            }

            json.WriteString("fileUri"u8, media.Url ?? throw new UntranslatableException(
                ChatField.Turns, media.Path, "has neither data nor a URL, and Gemini knows no other provider's files"));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteCall(ToolCallPart call)
    {
        _names[call.Id] = call.Name;
        json.WriteStartObject();
        json.WriteStartObject("functionCall"u8);
        WriteId(call.Id);
        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("args"u8);
        if (!GeminiArguments.TryWrite(json, call.Arguments))
        {
            throw new UntranslatableException(
                ChatField.Turns, call.Path, "has arguments that are not a JSON object, as Gemini wants them");
        }

        json.WriteEndObject();
        var signature = call.Signature ?? (_unsignedStep ? GeminiSignatures.Skip : null);
        _unsignedStep = false;
        if (signature is not null)
        {
            json.WriteString("thoughtSignature"u8, signature);
        }

        json.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result)
    {
        var name = result.Name ?? _names.GetValueOrDefault(result.CallId) ?? throw new UntranslatableException(
            ChatField.Turns, result.Path, "answers no call in the conversation, and Gemini wants the function's name");
        json.WriteStartObject();
        json.WriteStartObject("functionResponse"u8);
        WriteId(result.CallId);
        json.WriteString("name"u8, name);
        json.WritePropertyName("response"u8);
        var texts = result.Content.OfType<TextPart>().Select(text => text.Text);
        GeminiToolResult.Write(json, string.Join('\n', texts), result.IsError);
        var media = result.Content.OfType<MediaPart>().ToList();
        if (media.Count > 0)
        {
            json.WriteStartArray("parts"u8);
            media.ForEach(WriteMedia);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteId(string id)
    {
        if (id.Length > 0 && !GeminiCallIds.IsMade(id))
        {
            json.WriteString("id"u8, id);
        }
    }
}
