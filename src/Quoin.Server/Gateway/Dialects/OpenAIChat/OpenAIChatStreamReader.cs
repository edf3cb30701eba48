using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Reads chat completion chunks. Thoughts, text and refusal follow one another, each a block; tool calls are told
/// apart by their <c>index</c> (by a new id where a server repeats index 0) and stay open until the end, for their
/// fragments may interleave. The finish reason is held until the end marker because usage comes after it.
/// </summary>
internal sealed class OpenAIChatStreamReader : Dialects.ChatStreamReader
{
    private readonly List<OpenCall> _calls = [];
    private int _next;
    private int _open = -1;
    private BlockKind _openKind;
    private bool _started;
    private bool _refused;
    private string? _finish;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        if (data.Span.SequenceEqual("[DONE]"u8))
        {
            End(events);
            return;
        }

        using var document = JsonDocument.Parse(data);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("a chunk must be an object");
        }

        if (root.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null)
        {
            events.Add(new ResponseFailed(UpstreamFault.InStream(OpenAIErrors.Read(200, data.Span))));
            return;
        }

        if (!_started && root.TryGetProperty("id", out _))
        {
            _started = true;
            events.Add(OpenAIChatBody.Started(root));
        }

        var before = events.Count;
        if (root.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array)
        {
            foreach (var choice in choices.EnumerateArray())
            {
                ReadChoice(choice, events);
            }
        }

        if (root.TryGetProperty("usage", out var usage) && OpenAIChatUsage.Read(usage) is { } tokens)
        {
            events.Add(new UsageReported(tokens));
        }

        if (events.Count == before)
        {
            events.Add(KeepAlive.Instance);
        }
    }

    public override bool Complete(List<ChatEvent> events)
    {
        if (_finish is null)
        {
            return false;
        }

        End(events);
        return true;
    }

    private void ReadChoice(JsonElement choice, List<ChatEvent> events)
    {
        if (choice.TryGetProperty("index", out var index) && index.ValueKind == JsonValueKind.Number
            && index.TryGetInt32(out var number) && number != 0)
        {
            return;
        }

        if (choice.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object)
        {
            ReadText(BlockKind.Reasoning, OpenAIChatBody.ReasoningOf(delta), null, events);
            ReadText(
                BlockKind.Text, OpenAIChatBody.Text(delta, "content"), OpenAIChatBody.ReadLogProbs(choice), events);
            ReadText(BlockKind.Refusal, OpenAIChatBody.Text(delta, "refusal"), null, events);
            if (delta.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            {
                foreach (var call in calls.EnumerateArray())
                {
                    ReadToolCall(call, events);
                }
            }
        }

        _finish = OpenAIChatBody.Text(choice, "finish_reason") ?? _finish;
    }

    private void ReadText(BlockKind kind, string? text, List<TokenLogProb>? logProbs, List<ChatEvent> events)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        if (_open < 0 || _openKind != kind)
        {
            CloseText(events);
            _open = _next++;
            _openKind = kind;
            _refused |= kind == BlockKind.Refusal;
            events.Add(new BlockStarted(_open, kind));
        }

        events.Add(new BlockDelta(_open, text, logProbs));
    }

    private void ReadToolCall(JsonElement call, List<ChatEvent> events)
    {
        CloseText(events);
        var index = call.TryGetProperty("index", out var i) && i.ValueKind == JsonValueKind.Number ? i.GetInt32() : 0;
        var id = OpenAIChatBody.Text(call, "id");
        var function = call.TryGetProperty("function", out var f) ? f : default;
        var open = _calls.FindLast(c => c.Index == index);
        if (open is null || (!string.IsNullOrEmpty(id) && id != open.Id))
        {
            open = new OpenCall(index, string.IsNullOrEmpty(id) ? $"call_{_next}" : id, _next++);
            _calls.Add(open);
            events.Add(new BlockStarted(
                open.Block, BlockKind.ToolCall, open.Id, OpenAIChatBody.Text(function, "name")));
        }

        if (OpenAIChatBody.Text(function, "arguments") is { Length: > 0 } fragment)
        {
            events.Add(new BlockDelta(open.Block, fragment));
        }

        if (call.TryGetProperty("extra_content", out var extra)
            && OpenAIChatMessageReader.ThoughtSignature(extra) is { } signature)
        {
            events.Add(new BlockSigned(open.Block, signature));
        }
    }

    private void CloseText(List<ChatEvent> events)
    {
        if (_open >= 0)
        {
            events.Add(new BlockStopped(_open));
            _open = -1;
        }
    }

    private void End(List<ChatEvent> events)
    {
        if (Ended)
        {
            return;
        }

        Ended = true;
        CloseText(events);
        foreach (var call in _calls)
        {
            events.Add(new BlockStopped(call.Block));
        }

        if (_finish is not null)
        {
            events.Add(new ResponseFinished(OpenAIChatBody.FinishReasonOf(_finish, _calls.Count > 0, _refused)));
        }
    }

    private sealed record OpenCall(int Index, string Id, int Block);
}
