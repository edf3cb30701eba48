using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Writes chat events as a message stream. Clients know one open block at a time: the events of a block that starts
/// while another is open are held back until that one stops. message_start tells zeros for usage; the totals follow
/// in message_delta, which waits for <see cref="End"/>, because usage may come after the finish reason.
/// A block of thoughts starts with its first event, which tells whether it is redacted. Fragments of tool arguments
/// are passed on as they come. <see cref="ResponseFailed"/> writes nothing: the caller ends the stream with
/// <see cref="AnthropicErrors.WriteEvent"/> instead of <see cref="End"/>.
/// </summary>
internal sealed class AnthropicStreamWriter(AnswerContext context) : ChatStreamWriter
{
    /// <summary>In characters, for all blocks held back: far beyond any answer.</summary>
    private const int MostHeld = 64 * 1024 * 1024;

    /// <summary>Blocks that wait for the open one to stop, in order.</summary>
    private readonly LinkedList<Waiting> _waiting = [];
    private int _held;
    private bool _started;
    private Usage? _usage;
    private ResponseFinished? _finished;
    private bool _hasRefusal;
    private bool _hasToolCalls;

    /// <summary>The open block's start; null when none is open.</summary>
    private BlockStarted? _open;

    /// <summary>The open block's content_block_start is written.</summary>
    private bool _announced;

    private bool _redacted;
    private string? _callSignature;

    /// <summary>Index of the next block on the wire.</summary>
    private int _next;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started:
                Start(started, output);
                break;
            case BlockStarted started:
                WriteOrHold(started.Index, e, output);
                break;
            case BlockDelta delta:
                WriteOrHold(delta.Index, e, output);
                break;
            case BlockSigned signed:
                WriteOrHold(signed.Index, e, output);
                break;
            case BlockStopped stopped:
                WriteOrHold(stopped.Index, e, output);
                break;
            case UsageReported report:
                _usage = _usage is null ? report.Usage : _usage.Merge(report.Usage);
                break;
            case ResponseFinished finished:
                _finished = finished;
                break;
            case KeepAlive when _started:
                output.Write("event: ping\ndata: {\"type\":\"ping\"}\n\n"u8);
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (_finished is null)
        {
            // Ending such a stream in good order would pass a cut answer off as a whole one.
            throw new InvalidOperationException("The answer has no finish reason: end the stream with an error.");
        }

        Start(new ResponseStarted(null, null), output);
        while (_open is { } open)
        {
            WriteBlockEvent(new BlockStopped(open.Index), output);
        }

        JsonOutput.WriteEvent(output, "message_delta"u8, this, static (writer, self) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "message_delta"u8);
            writer.WriteStartObject("delta"u8);
            AnthropicResponseWriter.WriteStopReason(writer, self._finished!, self._hasRefusal, self._hasToolCalls);
            writer.WriteEndObject();
            writer.WritePropertyName("usage"u8);
            AnthropicUsage.Write(writer, self._usage);
            writer.WriteEndObject();
        });
        output.Write("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    private void Start(ResponseStarted started, IBufferWriter<byte> output)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        JsonOutput.WriteEvent(output, "message_start"u8, (context, started), static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "message_start"u8);
            writer.WriteStartObject("message"u8);
            writer.WriteString("id"u8, state.started.Id ?? "msg_" + state.context.RequestId);
            writer.WriteString("type"u8, "message"u8);
            writer.WriteString("role"u8, "assistant"u8);
            writer.WriteString("model"u8, state.started.Model ?? state.context.Model);
            writer.WriteStartArray("content"u8);
            writer.WriteEndArray();
            writer.WriteNull("stop_reason"u8);
            writer.WriteNull("stop_sequence"u8);
            writer.WritePropertyName("usage"u8);
            AnthropicUsage.Write(writer, null);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private void WriteOrHold(int index, ChatEvent e, IBufferWriter<byte> output)
    {
        Start(new ResponseStarted(null, null), output);
        if (_open is null || _open.Index == index)
        {
            WriteBlockEvent(e, output);
            return;
        }

        var waiting = _waiting.FirstOrDefault(block => block.Index == index);
        if (waiting is null)
        {
            waiting = new Waiting(index);
            _waiting.AddLast(waiting);
        }

        _held += e is BlockDelta delta ? delta.Text.Length : 1;
        if (_held > MostHeld)
        {
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.BadGateway, "The provider's answer interleaves more than can be put in order."));
        }

        waiting.Events.Add(e);
    }

    private void WriteBlockEvent(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case BlockStarted started:
                Open(started, output);
                break;
            case BlockDelta { Text.Length: > 0 } delta when _open is not null:
                Announce(output);
                WriteDelta(output, DeltaTypeOf(_open.Kind), delta.Text);
                break;
            case BlockSigned signed when _open is not null:
                Sign(signed, output);
                break;
            case BlockStopped when _open is not null:
                Close(output);
                OpenNext(output);
                break;
        }
    }

    private void Open(BlockStarted started, IBufferWriter<byte> output)
    {
        _open = started;
        _announced = false;
        _redacted = false;
        _callSignature = null;
        _hasRefusal |= started.Kind == BlockKind.Refusal;
        _hasToolCalls |= started.Kind == BlockKind.ToolCall;
        if (started.Kind != BlockKind.Reasoning)
        {
            Announce(output);
        }
    }

    private void Sign(BlockSigned signed, IBufferWriter<byte> output)
    {
        if (_open!.Kind == BlockKind.ToolCall)
        {
            _callSignature = signed.Signature;
            return;
        }

        if (signed.Redacted && !_announced)
        {
            _redacted = true;
            _announced = true;
            WriteStart(output, signed.Signature, static (writer, data) =>
                AnthropicBlocks.WriteRedactedThinking(writer, data));
            return;
        }

        Announce(output);
        WriteDelta(output, DeltaType.Signature, signed.Signature);
    }

    private void Close(IBufferWriter<byte> output)
    {
        Announce(output);
        WriteStop(output);
        if (_callSignature is { } signature)
        {
            WriteStart(output, "", static (writer, text) => AnthropicBlocks.WriteThinking(writer, text, ""));
            WriteDelta(output, DeltaType.Signature, AnthropicCallSignature.Wrap(signature));
            WriteStop(output);
        }

        _open = null;
    }

    private void OpenNext(IBufferWriter<byte> output)
    {
        while (_open is null && _waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            foreach (var e in first.Value.Events)
            {
                _held -= e is BlockDelta delta ? delta.Text.Length : 1;
                if (e is BlockStopped)
                {
                    Close(output);
                }
                else
                {
                    WriteBlockEvent(e, output);
                }
            }
        }
    }

    /// <summary>Writes content_block_start unless it is written.</summary>
    private void Announce(IBufferWriter<byte> output)
    {
        if (_announced)
        {
            return;
        }

        _announced = true;
        WriteStart(output, (context, open: _open!), static (writer, state) =>
        {
            switch (state.open.Kind)
            {
                case BlockKind.Reasoning:
                    AnthropicBlocks.WriteThinking(writer, "", "");
                    break;
                case BlockKind.ToolCall:
                    AnthropicBlocks.WriteToolUse(
                        writer,
                        AnthropicResponseWriter.ToolCallId(state.open.ToolCallId, state.context, state.open.Index),
                        state.open.ToolName ?? "",
                        "{}");
                    break;
                default:
                    AnthropicBlocks.WriteText(writer, "");
                    break;
            }
        });
    }

    private void WriteStart<TState>(IBufferWriter<byte> output, TState state, Action<Utf8JsonWriter, TState> block) =>
        JsonOutput.WriteEvent(output, "content_block_start"u8, (index: _next, state, block), static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "content_block_start"u8);
            writer.WriteNumber("index"u8, e.index);
            writer.WritePropertyName("content_block"u8);
            e.block(writer, e.state);
            writer.WriteEndObject();
        });

    private void WriteDelta(IBufferWriter<byte> output, DeltaType type, string text)
    {
        if (_redacted)
        {
            // A redacted block is whole with its start.
            return;
        }

        JsonOutput.WriteEvent(output, "content_block_delta"u8, (index: _next, type, text), static (writer, e) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "content_block_delta"u8);
            writer.WriteNumber("index"u8, e.index);
            writer.WriteStartObject("delta"u8);
            var (name, field) = e.type switch
            {
                DeltaType.Thinking => ("thinking_delta", "thinking"),
                DeltaType.Signature => ("signature_delta", "signature"),
                DeltaType.Input => ("input_json_delta", "partial_json"),
                _ => ("text_delta", "text"),
            };
            writer.WriteString("type"u8, name);
            writer.WriteString(field, e.text);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private void WriteStop(IBufferWriter<byte> output) =>
        JsonOutput.WriteEvent(output, "content_block_stop"u8, _next++, static (writer, index) =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "content_block_stop"u8);
            writer.WriteNumber("index"u8, index);
            writer.WriteEndObject();
        });

    private static DeltaType DeltaTypeOf(BlockKind kind) => kind switch
    {
        BlockKind.Reasoning => DeltaType.Thinking,
        BlockKind.ToolCall => DeltaType.Input,
        _ => DeltaType.Text,
    };

    private enum DeltaType
    {
        Text,
        Thinking,
        Signature,
        Input,
    }

    private sealed class Waiting(int index)
    {
        public int Index { get; } = index;

        public List<ChatEvent> Events { get; } = [];
    }
}
