using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads response events. Items are told apart by output_index, since some servers change the ids between events,
/// and contents by their index within. A block begins with its first text (a call with its announcement), so items
/// of tools that the provider ran, empty thoughts and empty messages leave no holes. Texts are told three times
/// (as deltas, and whole in two kinds of done events): from each done event only what the deltas did not bring is
/// taken, so an item that comes whole at once is not lost and nothing is doubled.
/// </summary>
internal sealed class ResponsesStreamReader : ChatStreamReader
{
    private readonly Dictionary<(int Item, int Content), Block> _blocks = [];
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
        if (ResponsesJson.Text(item, "type") is "function_call" or "custom_tool_call")
        {
            Call(root, item, events);
        }
    }

    private Block Call(JsonElement root, JsonElement item, List<ChatEvent> events)
    {
        _called = true;
        var key = (ItemIndex(root), 0);
        if (!_blocks.TryGetValue(key, out var block))
        {
            _blocks[key] = block = new Block(_next++, BlockKind.ToolCall);
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
        var kind = ResponsesJson.Text(part, "type") switch
        {
            "output_text" => BlockKind.Text,
            "refusal" => BlockKind.Refusal,
            _ => BlockKind.Reasoning,
        };
        if (kind == BlockKind.Reasoning)
        {
            return;
        }

        var text = ResponsesJson.Text(part, kind == BlockKind.Text ? "text" : "refusal");
        if (!string.IsNullOrEmpty(text))
        {
            Open((item, content), kind, events).Rest(text, ResponsesLogProbs.Read(part), events);
        }

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

    private Block Open((int Item, int Content) key, BlockKind kind, List<ChatEvent> events)
    {
        if (!_blocks.TryGetValue(key, out var block))
        {
            _refused |= kind == BlockKind.Refusal;
            _blocks[key] = block = new Block(_next++, kind);
            events.Add(kind == BlockKind.ToolCall
                ? throw new JsonException("arguments of a call that was not announced")
                : new BlockStarted(block.Index, kind));
        }

        return block;
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

    private sealed class Block(int index, BlockKind kind)
    {
        private readonly StringBuilder _told = new();
        private (char Source, int Index, int Start) _thought;
        private bool _stopped;

        public int Index => index;

        public void Add(string text, List<TokenLogProb>? logProbs, List<ChatEvent> events)
        {
            if (!_stopped)
            {
                _told.Append(text);
                events.Add(new BlockDelta(index, text, logProbs));
            }
        }

        /// <summary>What of the whole text the deltas did not bring; nothing when they brought another text.</summary>
        public void Rest(string whole, List<TokenLogProb>? logProbs, List<ChatEvent> events)
        {
            if (Missing(whole, 0) is { Length: > 0 } rest)
            {
                Add(rest, _told.Length == 0 ? logProbs : null, events);
            }
        }

        /// <summary>
        /// One of the parts of a thought. Where there are both a summary and the thoughts themselves, that which
        /// came first is taken.
        /// </summary>
        public void Thought(char source, int part, string text, bool whole, List<ChatEvent> events)
        {
            if (kind != BlockKind.Reasoning || (_told.Length > 0 && source != _thought.Source))
            {
                return;
            }

            if (_told.Length == 0)
            {
                _thought = (source, part, 0);
            }
            else if (part > _thought.Index)
            {
                Add(ResponsesBodyReader.SummarySeparator, null, events);
                _thought = (source, part, _told.Length);
            }
            else if (part < _thought.Index)
            {
                return;
            }

            var rest = whole ? Missing(text, _thought.Start) : text;
            if (rest.Length > 0)
            {
                Add(rest, null, events);
            }
        }

        public void Stop(List<ChatEvent> events)
        {
            if (!_stopped)
            {
                _stopped = true;
                events.Add(new BlockStopped(index));
            }
        }

        private string Missing(string whole, int start)
        {
            var told = _told.ToString(start, _told.Length - start);
            return whole.StartsWith(told, StringComparison.Ordinal) ? whole[told.Length..] : "";
        }
    }
}
