using System.Text;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// An answer as output items, growing while it is streamed. Neighbouring texts and refusals share a message, for
/// clients take an agent's last message as its answer; every other block is an item of its own.
/// </summary>
internal sealed class ResponsesOutput(AnswerContext context)
{
    public ResponseStarted Started { get; set; } = new(null, null);

    public List<ResponsesOutputItem> Items { get; } = [];

    public Usage? Usage { get; set; }

    public ResponseFinished? Finished { get; set; }

    public string Id => Started.Id ?? "resp_" + context.RequestId;

    public bool HasRefusalText => Items.Exists(
        item => item.Parts.Exists(part => part is { Kind: BlockKind.Refusal, Text.Length: > 0 }));

    public static ResponsesOutput Of(ChatResponse response, AnswerContext context)
    {
        var output = new ResponsesOutput(context)
        {
            Started = new ResponseStarted(response.Id, response.Model, response.CreatedUnixSeconds),
            Usage = response.Usage,
            Finished = new ResponseFinished(response.Finish, response.StopSequence, response.FinishDetail),
        };
        ResponsesOutputItem? message = null;
        var logProbs = response.LogProbs;
        foreach (var part in response.Parts)
        {
            switch (part)
            {
                case TextPart text:
                    message ??= output.Add(BlockKind.Text);
                    message.Add(BlockKind.Text, text.Text).LogProbs.AddRange(logProbs ?? []);
                    logProbs = null;
                    break;
                case RefusalPart refusal:
                    message ??= output.Add(BlockKind.Text);
                    message.Add(BlockKind.Refusal, refusal.Text);
                    break;
                case ReasoningPart thought:
                    message = null;
                    output.Add(BlockKind.Reasoning).Close(thought.Text, thought.Signature, thought.Redacted);
                    break;
                case ToolCallPart call:
                    message = null;
                    output.Add(BlockKind.ToolCall, call.Id, call.Name).Close(call.Arguments);
                    output.AddSignature(call.Id, call.Signature);
                    break;
            }
        }

        output.EndMessage(message);
        return output;
    }

    public ResponsesOutputItem Add(BlockKind kind, string? callId = null, string? name = null)
    {
        var index = Items.Count;
        var prefix = kind switch
        {
            BlockKind.ToolCall => "fc",
            BlockKind.Reasoning => "rs",
            _ => "msg",
        };
        var item = new ResponsesOutputItem(kind, index, $"{prefix}_{context.RequestId}_{index}")
        {
            CallId = callId ?? $"call_{context.RequestId}_{index}",
            Name = name ?? "",
        };
        Items.Add(item);
        return item;
    }

    /// <summary>Null when there is no signature to carry.</summary>
    public ResponsesOutputItem? AddSignature(string callId, string? signature)
    {
        if (signature is null)
        {
            return null;
        }

        var item = Add(BlockKind.Reasoning);
        item.Sealed = ResponsesSeal.WriteCall(callId, signature);
        return item;
    }

    /// <summary>The message that was cut by the answer's end is told as incomplete.</summary>
    public void EndMessage(ResponsesOutputItem? message)
    {
        if (message is not null && Finished is { } finished)
        {
            var status = ResponsesFinish.Status(finished.Reason, HasRefusalText);
            message.Status = status == "completed" ? status : "incomplete";
        }
    }
}

/// <summary>A message, a reasoning item or a function call.</summary>
internal sealed class ResponsesOutputItem(BlockKind kind, int index, string id)
{
    public BlockKind Kind { get; } = kind;

    public int Index { get; } = index;

    public string Id { get; private set; } = id;

    public string CallId { get; init; } = "";

    public string Name { get; init; } = "";

    public string Status { get; set; } = "completed";

    /// <summary>encrypted_content.</summary>
    public string? Sealed { get; set; }

    /// <summary>Contents of a message, the summary of thoughts or the arguments of a call.</summary>
    public List<ResponsesOutputPart> Parts { get; } = [];

    public string Text => Parts.Count == 0 ? "" : Parts[0].Text.ToString();

    public ResponsesOutputPart Add(BlockKind kind, string text = "")
    {
        var part = new ResponsesOutputPart(kind, Parts.Count);
        part.Text.Append(text);
        Parts.Add(part);
        return part;
    }

    public void Close(string text, string? signature = null, bool redacted = false)
    {
        if (text.Length > 0 || Kind == BlockKind.ToolCall)
        {
            Add(Kind, text.Length == 0 ? "{}" : text);
        }

        if (signature is not null)
        {
            Seal(signature, redacted);
        }
    }

    public void Seal(string signature, bool redacted)
    {
        var (content, itemId) = ResponsesSeal.Write(signature, redacted);
        Sealed = content;
        Id = itemId ?? Id;
    }
}

internal sealed class ResponsesOutputPart(BlockKind kind, int index)
{
    public BlockKind Kind { get; } = kind;

    public int Index { get; } = index;

    public StringBuilder Text { get; } = new();

    public List<TokenLogProb> LogProbs { get; } = [];
}
