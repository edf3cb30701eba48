using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Reads contents and their parts. Calls and their results are matched by id where the client gives one, else by
/// name in order: a result without an id answers the oldest call of its name that has no answer yet. One reader a
/// conversation.
/// </summary>
internal sealed class GeminiContentReader
{
    private readonly Dictionary<string, Queue<string>> _openCalls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);
    private int _content;

    public static Turn ReadInstruction(GeminiField instruction)
    {
        var parts = new GeminiContentReader().ReadContent(instruction.Value, instruction.Path, true).Parts;
        foreach (var part in parts)
        {
            if (part is not TextPart)
            {
                throw JsonFields.Unsupported(part.Path, "can only be text in an instruction");
            }
        }

        return new Turn(Role.System, parts, instruction.Path);
    }

    public List<Turn> ReadContents(GeminiField contents)
    {
        var turns = new List<Turn>();
        foreach (var (item, path) in GeminiFields.Items(contents.Value, contents.Path))
        {
            turns.Add(ReadContent(item, path));
            _content++;
        }

        return turns.Count > 0 ? turns : throw JsonFields.Unsupported(contents.Path, "must not be empty");
    }

    private Turn ReadContent(JsonElement content, string path, bool instruction = false)
    {
        var role = Role.User;
        GeminiField? parts = null;
        foreach (var field in GeminiFields.Of(content, path))
        {
            switch (field.Name)
            {
                case "role":
                    role = JsonFields.String(field.Value, field.Path) switch
                    {
                        "system" when instruction => Role.User,
                        "user" or "function" or "" => Role.User,
                        "model" => Role.Assistant,
                        _ => throw JsonFields.Unsupported(field.Path, "must be user or model"),
                    };
                    break;
                case "parts":
                    parts = field;
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        return new Turn(role, parts is { } list ? ReadParts(list, role) : [], path);
    }

    private List<Part> ReadParts(GeminiField parts, Role role)
    {
        var all = new List<Part>();
        var index = 0;
        foreach (var (item, path) in GeminiFields.Items(parts.Value, parts.Path))
        {
            ReadPart(item, path, role, index++, all);
        }

        return all;
    }

    private void ReadPart(JsonElement item, string path, Role role, int index, List<Part> all)
    {
        GeminiField? data = null;
        var thought = false;
        string? signature = null;
        foreach (var field in GeminiFields.Of(item, path))
        {
            switch (field.Name)
            {
                case "thought":
                    thought = JsonFields.Boolean(field.Value, field.Path);
                    break;
                case "thoughtSignature":
                    signature = GeminiSignatures.Known(JsonFields.String(field.Value, field.Path));
                    break;
                case "mediaResolution":
                    break;
                case "text" or "inlineData" or "fileData" or "functionCall" or "functionResponse":
                    data = data is null ? field : throw JsonFields.Unsupported(
                        field.Path, "cannot be given together with another kind of data in one part");
                    break;
                case "executableCode" or "codeExecutionResult" or "toolCall" or "toolResponse":
                    throw JsonFields.Unsupported(field.Path, "belongs to a tool that only Google runs");
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        var part = data is { } value ? ReadData(value, role, index) : null;
        AddPart(part, thought, signature, path, all);
    }

    private static void AddPart(Part? part, bool thought, string? signature, string path, List<Part> all)
    {
        switch (part)
        {
            case TextPart text when thought:
                all.Add(new ReasoningPart(text.Text, signature) { Path = path });
                return;
            case ToolCallPart call:
                all.Add(call with { Signature = signature, Path = path });
                return;
            case TextPart { Text.Length: 0 } when signature is not null:
                break;
            case not null:
                all.Add(part with { Path = path });
                break;
        }

        if (signature is not null)
        {
            all.Add(new ReasoningPart("", signature, Redacted: true) { Path = path });
        }
    }

    private Part ReadData(GeminiField data, Role role, int index) => data.Name switch
    {
        "text" => new TextPart(JsonFields.String(data.Value, data.Path)),
        "inlineData" => ReadInlineData(data),
        "fileData" => ReadFileData(data),
        "functionCall" => role == Role.Assistant
            ? ReadCall(data, index)
            : throw JsonFields.Unsupported(data.Path, "can only stand in a model's content"),
        _ => role == Role.User
            ? ReadResult(data)
            : throw JsonFields.Unsupported(data.Path, "can only stand in a user's content"),
    };

    private static MediaPart ReadInlineData(GeminiField blob)
    {
        string? type = null, data = null, name = null;
        foreach (var field in GeminiFields.Of(blob.Value, blob.Path))
        {
            switch (field.Name)
            {
                case "mimeType":
                    type = JsonFields.String(field.Value, field.Path);
                    break;
                case "data":
                    data = JsonFields.String(field.Value, field.Path);
                    break;
                case "displayName":
                    name = JsonFields.String(field.Value, field.Path);
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        return new MediaPart(
            type ?? throw JsonFields.Missing(blob.Path + ".mimeType"),
            data ?? throw JsonFields.Missing(blob.Path + ".data"),
            null,
            name);
    }

    private static MediaPart ReadFileData(GeminiField file)
    {
        string? type = null, uri = null, name = null;
        foreach (var field in GeminiFields.Of(file.Value, file.Path))
        {
            switch (field.Name)
            {
                case "mimeType":
                    type = JsonFields.String(field.Value, field.Path);
                    break;
                case "fileUri":
                    uri = JsonFields.String(field.Value, field.Path);
                    break;
                case "displayName":
                    name = JsonFields.String(field.Value, field.Path);
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        uri = uri ?? throw JsonFields.Missing(file.Path + ".fileUri");
        var web = uri.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || uri.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        return web && !uri.Contains("://generativelanguage.googleapis.com/", StringComparison.OrdinalIgnoreCase)
            ? new MediaPart(type, null, uri, name)
            : throw JsonFields.Unsupported(
                file.Path + ".fileUri",
                "is kept at Google, where this model's provider cannot read it; send it as inlineData");
    }

    private ToolCallPart ReadCall(GeminiField call, int index)
    {
        string? id = null, name = null;
        var arguments = "{}";
        foreach (var field in GeminiFields.Of(call.Value, call.Path))
        {
            switch (field.Name)
            {
                case "id":
                    id = JsonFields.String(field.Value, field.Path);
                    break;
                case "name":
                    name = JsonFields.String(field.Value, field.Path);
                    break;
                case "args":
                    arguments = JsonFields.Object(field.Value, field.Path).GetRawText();
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        name = name ?? throw JsonFields.Missing(call.Path + ".name");
        id = string.IsNullOrEmpty(id) ? GeminiCallIds.InHistory(_content, index) : id;
        if (!_openCalls.TryGetValue(name, out var open))
        {
            _openCalls.Add(name, open = new Queue<string>());
        }

        open.Enqueue(id);
        return new ToolCallPart(id, name, arguments);
    }

    private ToolResultPart ReadResult(GeminiField result)
    {
        string? id = null, name = null;
        GeminiField? response = null;
        IReadOnlyList<Part> media = [];
        foreach (var field in GeminiFields.Of(result.Value, result.Path))
        {
            switch (field.Name)
            {
                case "id":
                    id = JsonFields.String(field.Value, field.Path);
                    break;
                case "name":
                    name = JsonFields.String(field.Value, field.Path);
                    break;
                case "response":
                    response = field;
                    break;
                case "parts":
                    media = ReadMedia(field);
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        name = name ?? throw JsonFields.Missing(result.Path + ".name");
        var (text, isError) = GeminiToolResult.Read(response, result.Path);
        return new ToolResultPart(
            IdOf(id, name, result.Path), [new TextPart(text) { Path = result.Path }, .. media], isError, name);
    }

    private static List<Part> ReadMedia(GeminiField parts)
    {
        var media = new List<Part>();
        foreach (var (item, path) in GeminiFields.Items(parts.Value, parts.Path))
        {
            foreach (var field in GeminiFields.Of(item, path))
            {
                media.Add((field.Name switch
                {
                    "inlineData" => ReadInlineData(field),
                    "fileData" => ReadFileData(field),
                    _ => throw JsonFields.Unknown(field.Path),
                }) with
                { Path = path });
            }
        }

        return media;
    }

    private string IdOf(string? id, string name, string path)
    {
        if (!string.IsNullOrEmpty(id))
        {
            _answered.Add(id);
            return id;
        }

        while (_openCalls.TryGetValue(name, out var open) && open.TryDequeue(out var oldest))
        {
            if (_answered.Add(oldest))
            {
                return oldest;
            }
        }

        throw JsonFields.Unsupported(path, $"answers no functionCall of the name {name} before it");
    }
}
