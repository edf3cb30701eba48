using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads <c>input</c> into turns: a run of the assistant's items (reasoning, messages, function calls) is one turn,
/// so is a run of function_call_output. Of an item, id, status and phase are left out: they tell nothing that
/// another provider could use.
/// </summary>
internal sealed class ResponsesInputReader
{
    private readonly List<Turn> _turns = [];
    private List<Part>? _answer;
    private List<Part>? _results;

    public static IReadOnlyList<Turn> Read(JsonElement input)
    {
        switch (input.ValueKind)
        {
            case JsonValueKind.Null:
                throw JsonFields.Missing("input");
            case JsonValueKind.String:
                return [new Turn(Role.User, [new TextPart(input.GetString()!) { Path = "input" }], "input")];
            case JsonValueKind.Array:
                break;
            default:
                throw JsonFields.Wrong(input, "input", "a string or an array of items");
        }

        var reader = new ResponsesInputReader();
        foreach (var (i, item) in input.EnumerateArray().Index())
        {
            var path = $"input[{i}]";
            reader.ReadItem(JsonFields.Object(item, path), path);
        }

        return reader._turns;
    }

    private void ReadItem(JsonElement element, string path)
    {
        var type = element.TryGetProperty("type", out var t) ? JsonFields.String(t, path + ".type") : "message";
        if (Refusal(type) is { } reason)
        {
            throw JsonFields.Unsupported(path + ".type", reason);
        }

        var item = ResponsesInputItem.Read(element, type, path);
        switch (type)
        {
            case "message":
                AddMessage(item);
                break;
            case "reasoning":
                AddReasoning(item);
                break;
            case "function_call":
                Answer(path).Add(new ToolCallPart(
                    item.CallId ?? throw JsonFields.Missing(path + ".call_id"),
                    item.Name ?? throw JsonFields.Missing(path + ".name"),
                    item.Arguments ?? throw JsonFields.Missing(path + ".arguments"))
                { Path = path });
                break;
            default:
                AddResult(item);
                break;
        }
    }

    private static string? Refusal(string type) => type switch
    {
        "message" or "reasoning" or "function_call" or "function_call_output" => null,
        "item_reference" => "must not be item_reference, for no items are kept here: send the items themselves "
            + "(clients do so when their store option is false)",
        _ => "must be one of message, reasoning, function_call, function_call_output to be translated for this "
            + "model's provider",
    };

    private void AddMessage(ResponsesInputItem item)
    {
        var content = item.Content ?? throw JsonFields.Missing(item.Path + ".content");
        switch (item.Role)
        {
            case "assistant":
                Answer(item.Path).AddRange(content);
                break;
            case "user" or "system" or "developer":
                EndRuns();
                _turns.Add(new Turn(item.Role == "user" ? Role.User : Role.System, content, item.Path));
                break;
            case null:
                throw JsonFields.Missing(item.Path + ".role");
            default:
                throw JsonFields.Unsupported(
                    item.Path + ".role", "must be one of user, assistant, system, developer");
        }
    }

    private void AddReasoning(ResponsesInputItem item)
    {
        var text = item.Summary.Count > 0 ? item.Summary : item.Thoughts;
        var joined = string.Join(ResponsesBodyReader.SummarySeparator, text);
        if (item.Sealed is not { Length: > 0 } content)
        {
            if (joined.Length > 0)
            {
                Answer(item.Path).Add(new ReasoningPart(joined) { Path = item.Path });
            }

            return;
        }

        if (ResponsesSeal.TryReadCall(content, out var callId, out var callSignature))
        {
            Sign(callId, callSignature);
            return;
        }

        var (signature, redacted) = ResponsesSeal.Read(item.Id, content, joined.Length == 0);
        Answer(item.Path).Add(new ReasoningPart(joined, signature, redacted) { Path = item.Path });
    }

    /// <summary>A client may have dropped the call; then its signature is of no use.</summary>
    private void Sign(string callId, string signature)
    {
        var index = _answer?.FindLastIndex(part => part is ToolCallPart call && call.Id == callId) ?? -1;
        if (index >= 0)
        {
            _answer![index] = ((ToolCallPart)_answer[index]) with { Signature = signature };
        }
    }

    private void AddResult(ResponsesInputItem item)
    {
        var callId = item.CallId ?? throw JsonFields.Missing(item.Path + ".call_id");
        var content = item.Output ?? throw JsonFields.Missing(item.Path + ".output");
        (content, var failed) = ToolErrorMark.Read(content);

        _answer = null;
        if (_results is null)
        {
            _turns.Add(new Turn(Role.User, _results = [], item.Path));
        }

        _results.Add(new ToolResultPart(callId, content, failed) { Path = item.Path });
    }

    private List<Part> Answer(string path)
    {
        _results = null;
        if (_answer is null)
        {
            _turns.Add(new Turn(Role.Assistant, _answer = [], path));
        }

        return _answer;
    }

    private void EndRuns() => (_answer, _results) = (null, null);
}
