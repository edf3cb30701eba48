using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads response events. Items are told apart by output_index, since some servers change the ids between events,
/// and contents by their index within. A block begins with its first text (a call with its announcement, and what
/// was announced before it and is not done yet begins too, to keep the order), so items of tools that the provider
/// ran, empty thoughts and empty messages leave no holes. Texts are told three times
/// (as deltas, and whole in two kinds of done events): from each done event only what the deltas did not bring is
/// taken, so an item that comes whole at once is not lost and nothing is doubled.
/// </summary>
internal sealed class ResponsesStreamReader : ChatStreamReader
{
    private readonly Dictionary<(int Item, int Content), ResponsesStreamBlock> _blocks = [];
    private readonly SortedDictionary<(int Item, int Content), BlockKind> _announced = [];
    private int _next;
    private bool _started;
    private bool _called;
    private bool _refused;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        // OpenAI has no such marker here; some compatible servers send it after the end, out of habit.
        if (Ended || data.Span.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        using var document = JsonDocument.Parse(data);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("an event must be an object");
        }

        var before = events.Count;
        ReadEvent(root, events);
        if (events.Count == before)
        {
            events.Add(KeepAlive.Instance);
        }
    }

    /// <summary>There is no other end marker, so a stream that did not end by one is cut.</summary>
    public override bool Complete(List<ChatEvent> events) => Ended;

    private void ReadEvent(JsonElement root, List<ChatEvent> events)
    {
        switch (ResponsesJson.Text(root, "type"))
        {
            case "response.created" or "response.in_progress" or "response.queued":
                Start(root, events);
                break;
            case "response.output_item.added":
                ReadAdded(root, events);
                break;
            case "response.output_item.done":
                ReadDone(root, events);
                break;
            case "response.output_text.delta":
                Delta(root, BlockKind.Text, events);
                break;
            case "response.output_text.done":
                Rest(root, BlockKind.Text, ResponsesJson.Text(root, "text"), root, events);
                break;
            case "response.refusal.delta":
                Delta(root, BlockKind.Refusal, events);
                break;
            case "response.refusal.done":
                Rest(root, BlockKind.Refusal, ResponsesJson.Text(root, "refusal"), root, events);
                break;
            case "response.content_part.added":
                Announce(KeyOf(root), KindOf(ResponsesJson.Find(root, "part")));
                break;
            case "response.content_part.done":
                ReadPart(root, events);
                break;
            case "response.function_call_arguments.delta":
                Delta(root, BlockKind.ToolCall, events);
                break;
            case "response.function_call_arguments.done":
                Rest(root, BlockKind.ToolCall, ResponsesJson.Text(root, "arguments"), default, events);
                break;
            case "response.reasoning_summary_text.delta":
                Thought(root, "summary_index", "delta", events);
                break;
            case "response.reasoning_summary_text.done":
                Thought(root, "summary_index", "text", events);
                break;
            case "response.reasoning_text.delta":
                Thought(root, "content_index", "delta", events);
                break;
            case "response.reasoning_text.done":
                Thought(root, "content_index", "text", events);
                break;
            case "response.completed":
                Finish(root, false, events);
                break;
            case "response.incomplete":
                Finish(root, true, events);
                break;
            case "response.failed" or "error":
                Fail(root, events);
                break;
            case null when ResponsesJson.Find(root, "error").ValueKind == JsonValueKind.Object:
                Fail(root, events);
                break;
        }
    }

    private void Start(JsonElement root, List<ChatEvent> events)
    {
        if (!_started)
        {
            _started = true;
            events.Add(ResponsesBodyReader.Started(ResponsesJson.Find(root, "response")));
        }
    }

    private void ReadAdded(JsonElement root, List<ChatEvent> events)
    {
        var item = ResponsesJson.Find(root, "item");
        switch (ResponsesJson.Text(item, "type"))
        {
            case "function_call" or "custom_tool_call":
                Call(root, item, events);
                break;
            case "reasoning":
                Announce((ItemIndex(root), 0), BlockKind.Reasoning);
                break;
        }
    }

    private void Announce((int Item, int Content) key, BlockKind? kind)
    {
        if (kind is { } known && !_blocks.ContainsKey(key))
        {
            _announced[key] = known;
        }
    }

    private static BlockKind? KindOf(JsonElement part) => ResponsesJson.Text(part, "type") switch
    {
        "output_text" => BlockKind.Text,
        "refusal" => BlockKind.Refusal,
        _ => null,
    };

    private ResponsesStreamBlock Call(JsonElement root, JsonElement item, List<ChatEvent> events)
    {
        _called = true;
        var key = (ItemIndex(root), 0);
        if (!_blocks.TryGetValue(key, out var block))
        {
            BeginEarlier(key, events);
            _blocks[key] = block = new ResponsesStreamBlock(_next++, BlockKind.ToolCall);
            events.Add(new BlockStarted(
                block.Index,
                BlockKind.ToolCall,
                ResponsesBodyReader.CallId(item),
                ResponsesJson.Text(item, "name")));
        }

        return block;
    }

    private void ReadDone(JsonElement root, List<ChatEvent> events)
    {
        var item = ResponsesJson.Find(root, "item");
        switch (ResponsesJson.Text(item, "type"))
        {
            case "function_call" or "custom_tool_call":
                var call = Call(root, item, events);
                call.Rest(ResponsesBodyReader.Arguments(item), null, events);
                call.Stop(events);
                break;
            case "message":
                foreach (var (i, part) in ResponsesJson.Items(item, "content").Index())
                {
                    ReadPart(ItemIndex(root), i, part, events);
                }

                break;
            case "reasoning":
                ReadThought(root, item, events);
                break;
        }
    }

    private void ReadThought(JsonElement root, JsonElement item, List<ChatEvent> events)
    {
        var key = (ItemIndex(root), 0);
        foreach (var name in (ReadOnlySpan<string>)["summary", "content"])
        {
            foreach (var (i, part) in ResponsesJson.Items(item, name).Index())
            {
                if (ResponsesJson.Text(part, "text") is { Length: > 0 } text)
                {
                    Open(key, BlockKind.Reasoning, events).Thought(name[0], i, text, whole: true, events);
                }
            }
        }

        if (ResponsesBodyReader.Seal(item, !_blocks.ContainsKey(key)) is (var signature, var redacted))
        {
            events.Add(new BlockSigned(Open(key, BlockKind.Reasoning, events).Index, signature, redacted));
        }

        _announced.Remove(key);
        if (_blocks.TryGetValue(key, out var block))
        {
            block.Stop(events);
        }
    }

    private void Thought(JsonElement root, string index, string field, List<ChatEvent> events)
    {
        if (ResponsesJson.Text(root, field) is { Length: > 0 } text)
        {
            Open((ItemIndex(root), 0), BlockKind.Reasoning, events).Thought(
                index[0], ResponsesJson.Integer(root, index) ?? 0, text, field == "text", events);
        }
    }

    private void ReadPart(JsonElement root, List<ChatEvent> events) => ReadPart(
        ItemIndex(root), ResponsesJson.Integer(root, "content_index") ?? 0, ResponsesJson.Find(root, "part"), events);

    private void ReadPart(int item, int content, JsonElement part, List<ChatEvent> events)
    {
        if (KindOf(part) is not { } kind)
        {
            return;
        }

        var text = ResponsesJson.Text(part, kind == BlockKind.Text ? "text" : "refusal");
        if (!string.IsNullOrEmpty(text))
        {
            Open((item, content), kind, events).Rest(text, ResponsesLogProbs.Read(part), events);
        }

        _announced.Remove((item, content));
        if (_blocks.TryGetValue((item, content), out var block))
        {
            block.Stop(events);
        }
    }

    private void Delta(JsonElement root, BlockKind kind, List<ChatEvent> events)
    {
        if (ResponsesJson.Text(root, "delta") is { Length: > 0 } text)
        {
            Open(KeyOf(root), kind, events).Add(text, ResponsesLogProbs.Read(root), events);
        }
    }

    private void Rest(JsonElement root, BlockKind kind, string? text, JsonElement logProbs, List<ChatEvent> events)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Open(KeyOf(root), kind, events).Rest(text, ResponsesLogProbs.Read(logProbs), events);
        }
    }

    private ResponsesStreamBlock Open((int Item, int Content) key, BlockKind kind, List<ChatEvent> events)
    {
        if (!_blocks.TryGetValue(key, out var block))
        {
            if (kind == BlockKind.ToolCall)
            {
                throw new JsonException("arguments of a call that was not announced");
            }

            BeginEarlier(key, events);
            block = Begin(key, kind, events);
        }

        return block;
    }

    private ResponsesStreamBlock Begin((int Item, int Content) key, BlockKind kind, List<ChatEvent> events)
    {
        _announced.Remove(key);
        _refused |= kind == BlockKind.Refusal;
        var block = new ResponsesStreamBlock(_next++, kind);
        _blocks[key] = block;
        events.Add(new BlockStarted(block.Index, kind));
        return block;
    }

    private void BeginEarlier((int Item, int Content) key, List<ChatEvent> events)
    {
        while (_announced.Count > 0 && _announced.First() is var earlier && earlier.Key.CompareTo(key) < 0)
        {
            Begin(earlier.Key, earlier.Value, events);
        }
    }

    private void Finish(JsonElement root, bool incomplete, List<ChatEvent> events)
    {
        Start(root, events);
        var response = ResponsesJson.Find(root, "response");
        foreach (var block in _blocks.Values.OrderBy(block => block.Index))
        {
            block.Stop(events);
        }

        if (_next == 0)
        {
            (_called, _refused) = ResponsesBodyReader.ReadOutput(response, 0, events);
        }

        ResponsesBodyReader.ReadEnding(response, incomplete, _called, _refused, events);
        Ended = true;
    }

    private void Fail(JsonElement root, List<ChatEvent> events)
    {
        events.Add(new ResponseFailed(UpstreamFault.InStream(ResponsesErrors.Read(root))));
        Ended = true;
    }

    private static (int Item, int Content) KeyOf(JsonElement root) =>
        (ItemIndex(root), ResponsesJson.Integer(root, "content_index") ?? 0);

    private static int ItemIndex(JsonElement root) => ResponsesJson.Integer(root, "output_index") ?? 0;
}
