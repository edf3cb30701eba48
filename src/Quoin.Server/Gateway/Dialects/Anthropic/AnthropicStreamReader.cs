using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads the named events of a message stream; the name is taken from the payload, which repeats it.
/// Blocks that mean nothing elsewhere (provider-executed tools, compaction, …) are skipped, and the indexes of the
/// others close up. Intermediaries sometimes send message_start again: with the same id it is a repetition and
/// ignored; with another id it is a second answer spliced into the stream. Before any block that is a fresh start,
/// after one it is an error, because what was passed on cannot be taken back and the two do not belong together.
/// What follows message_stop is not read.
/// </summary>
internal sealed class AnthropicStreamReader : ChatStreamReader
{
    /// <summary>Blocks that are open or skipped, by the provider's index.</summary>
    private readonly Dictionary<int, Block> _blocks = [];
    private AnthropicUsage _usage;
    private string? _id;
    private bool _started;
    private bool _finished;
    private bool _hasToolCalls;

    /// <summary>Index of the next block that is passed on.</summary>
    private int _next;

    public override void Read(ReadOnlySpan<byte> eventName, ReadOnlyMemory<byte> data, List<ChatEvent> events)
    {
        if (Ended)
        {
            return;
        }

        using var document = JsonDocument.Parse(data);
        var root = AnthropicJson.Root(document);
        switch (AnthropicJson.Text(root, "type"))
        {
            case "message_start":
                StartMessage(AnthropicJson.Object(root, "message") ?? throw Missing("message"), events);
                break;
            case "content_block_start":
                StartBlock(
                    Index(root),
                    AnthropicJson.Object(root, "content_block") ?? throw Missing("content_block"),
                    events);
                break;
            case "content_block_delta":
                AddDelta(Index(root), AnthropicJson.Object(root, "delta") ?? throw Missing("delta"), events);
                break;
            case "content_block_stop":
                StopBlock(Index(root), events);
                break;
            case "message_delta":
                ReadMessageDelta(root, events);
                break;
            case "message_stop":
                Finish(new ResponseFinished(_hasToolCalls ? FinishReason.ToolCalls : FinishReason.Stop), events);
                Ended = true;
                break;
            case "error":
                Fail(AnthropicErrors.ToGatewayError(AnthropicErrors.Read(
                    AnthropicJson.Object(root, "error") ?? throw Missing("error"))), events);
                break;
            default:
                events.Add(KeepAlive.Instance);
                break;
        }
    }

    public override bool Complete(List<ChatEvent> events) => _finished;

    private void StartMessage(JsonElement message, List<ChatEvent> events)
    {
        var id = AnthropicJson.Text(message, "id");
        if (_started && id != _id && (_next > 0 || _blocks.Count > 0 || _finished))
        {
            Fail(
                new GatewayError(
                    GatewayErrorKind.BadGateway, "The provider began another answer in the middle of its stream."),
                events);
            return;
        }

        if (_started && id == _id)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        if (!_started)
        {
            events.Add(new ResponseStarted(id, AnthropicJson.Text(message, "model")));
        }

        _started = true;
        _id = id;
        ReadUsage(message, events);
    }

    private void StartBlock(int index, JsonElement content, List<ChatEvent> events)
    {
        if (_blocks.ContainsKey(index))
        {
            throw new JsonException("a content block started twice");
        }

        var block = new Block { Index = _next, Kind = KindOf(AnthropicJson.Text(content, "type")) };
        _blocks.Add(index, block);
        if (block.Kind is not { } kind)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        _next++;
        switch (kind)
        {
            case BlockKind.ToolCall:
                _hasToolCalls = true;
                block.StartInput = AnthropicJson.Object(content, "input")?.GetRawText();
                events.Add(new BlockStarted(
                    block.Index, kind, AnthropicJson.Text(content, "id"), AnthropicJson.Text(content, "name")));
                break;
            case BlockKind.Reasoning:
                events.Add(new BlockStarted(block.Index, kind));
                AddText(block, AnthropicJson.Text(content, "thinking"), events);
                AddSignature(block, AnthropicJson.Text(content, "signature"), redacted: false, events);
                AddSignature(block, AnthropicJson.Text(content, "data"), redacted: true, events);
                break;
            default:
                events.Add(new BlockStarted(block.Index, kind));
                AddText(block, AnthropicJson.Text(content, "text"), events);
                break;
        }
    }

    private void AddDelta(int index, JsonElement delta, List<ChatEvent> events)
    {
        if (!_blocks.TryGetValue(index, out var block))
        {
            throw new JsonException("a delta belongs to no open content block");
        }

        var before = events.Count;
        switch (AnthropicJson.Text(delta, "type"))
        {
            case "text_delta" when block.Kind == BlockKind.Text:
                AddText(block, AnthropicJson.Text(delta, "text"), events);
                break;
            case "thinking_delta" when block.Kind == BlockKind.Reasoning:
                AddText(block, AnthropicJson.Text(delta, "thinking"), events);
                break;
            case "signature_delta" when block.Kind == BlockKind.Reasoning:
                AddSignature(block, AnthropicJson.Text(delta, "signature"), redacted: false, events);
                break;
            case "input_json_delta" when block.Kind == BlockKind.ToolCall:
                AddText(block, AnthropicJson.Text(delta, "partial_json"), events);
                break;
        }

        // Deltas of skipped blocks, empty ones and those of newer kinds (citations_delta) still show life.
        if (events.Count == before)
        {
            events.Add(KeepAlive.Instance);
        }
    }

    private void StopBlock(int index, List<ChatEvent> events)
    {
        if (!_blocks.Remove(index, out var block))
        {
            throw new JsonException("a content block stopped that was not open");
        }

        if (block.Kind is null)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        Stop(block, events);
    }

    private static void Stop(Block block, List<ChatEvent> events)
    {
        if (block.Kind == BlockKind.ToolCall && !block.HasText)
        {
            // No fragment came: the arguments stood in the start, or there are none.
            events.Add(new BlockDelta(block.Index, block.StartInput ?? "{}"));
        }

        events.Add(new BlockStopped(block.Index));
    }

    private void ReadMessageDelta(JsonElement root, List<ChatEvent> events)
    {
        ReadUsage(root, events);
        if (AnthropicJson.Object(root, "delta") is { } delta && AnthropicResponseReader.Finish(delta) is { } finished)
        {
            Finish(finished, events);
        }
    }

    private void ReadUsage(JsonElement holder, List<ChatEvent> events)
    {
        if (AnthropicJson.Object(holder, "usage") is not { } usage)
        {
            return;
        }

        _usage.Read(usage);
        if (_usage.ToUsage() is { } told)
        {
            events.Add(new UsageReported(told));
        }
    }

    private void Finish(ResponseFinished finished, List<ChatEvent> events)
    {
        if (_finished)
        {
            return;
        }

        foreach (var block in _blocks.Values.Where(block => block.Kind is not null).OrderBy(block => block.Index))
        {
            Stop(block, events);
        }

        _blocks.Clear();
        _finished = true;
        events.Add(finished);
    }

    private void Fail(GatewayError error, List<ChatEvent> events)
    {
        events.Add(new ResponseFailed(error));
        _finished = false;
        Ended = true;
    }

    private static void AddText(Block block, string? text, List<ChatEvent> events)
    {
        if (!string.IsNullOrEmpty(text))
        {
            block.HasText = true;
            events.Add(new BlockDelta(block.Index, text));
        }
    }

    private static void AddSignature(Block block, string? signature, bool redacted, List<ChatEvent> events)
    {
        if (!string.IsNullOrEmpty(signature))
        {
            events.Add(new BlockSigned(block.Index, signature, redacted));
        }
    }

    private static BlockKind? KindOf(string? type) => type switch
    {
        "text" => BlockKind.Text,
        "thinking" or "redacted_thinking" => BlockKind.Reasoning,
        "tool_use" => BlockKind.ToolCall,
        _ => null,
    };

    private static int Index(JsonElement root) => AnthropicJson.Count(root, "index") ?? throw Missing("index");

    private static JsonException Missing(string name) => new($"{name} is missing");

    private sealed class Block
    {
        /// <summary>Null: skipped.</summary>
        public required BlockKind? Kind { get; init; }

        public required int Index { get; init; }

        public bool HasText { get; set; }

        /// <summary>The input in the start event; {} where fragments follow.</summary>
        public string? StartInput { get; set; }
    }
}
