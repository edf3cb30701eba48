using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Writes response events. Every item and content part that is added is done, in whichever order overlapping
/// blocks end; a message stays open for the text blocks that follow its first. The ending is held until the end
/// because usage may come after it: response.completed, or incomplete or failed, holds the whole answer.
/// </summary>
internal sealed class ResponsesStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly ResponsesOutput _output = new(context);
    private readonly SortedDictionary<int, OpenBlock> _blocks = [];
    private ResponsesOutputItem? _message;
    private int _sequence;
    private bool _announced;

    private AnswerContext Context => context;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started when !_announced:
                _output.Started = started;
                Announce(output);
                break;
            case BlockStarted block:
                Announce(output);
                Start(block, output);
                break;
            case BlockDelta delta when _blocks.TryGetValue(delta.Index, out var block):
                Delta(block, delta, output);
                break;
            case BlockSigned signed when _blocks.TryGetValue(signed.Index, out var block):
                (block.Signature, block.Redacted) = (signed.Signature, signed.Redacted);
                break;
            case BlockStopped stopped when _blocks.Remove(stopped.Index, out var block):
                Stop(block, output);
                break;
            case UsageReported report:
                _output.Usage = _output.Usage is null ? report.Usage : _output.Usage.Merge(report.Usage);
                break;
            case ResponseFinished finished:
                _output.Finished = finished;
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        Announce(output);
        while (_blocks.Count > 0)
        {
            var (index, block) = _blocks.First();
            _blocks.Remove(index);
            Stop(block, output);
        }

        _output.Finished ??= new ResponseFinished(FinishReason.Stop);
        _output.EndMessage(_message);
        EndMessage(output);
        var status = ResponsesFinish.Status(_output.Finished.Reason, _output.HasRefusalText);
        WriteResponse("response." + status, null, output);
    }

    private void Announce(IBufferWriter<byte> output)
    {
        if (_announced)
        {
            return;
        }

        _announced = true;
        WriteResponse("response.created", "in_progress", output);
        WriteResponse("response.in_progress", "in_progress", output);
    }

    private void Start(BlockStarted started, IBufferWriter<byte> output)
    {
        if (started.Kind is BlockKind.Text or BlockKind.Refusal)
        {
            _message ??= Add(_output.Add(BlockKind.Text), output);
            var part = _message.Add(started.Kind);
            _blocks[started.Index] = new OpenBlock(_message, part);
            WritePart("response.content_part.added", _message, part, "", output);
            return;
        }

        EndMessage(output);
        var item = Add(_output.Add(started.Kind, started.ToolCallId, started.ToolName), output);
        _blocks[started.Index] = new OpenBlock(item, null);
    }

    private void Delta(OpenBlock block, BlockDelta delta, IBufferWriter<byte> output)
    {
        if (delta.Text.Length == 0 && delta.LogProbs is null)
        {
            return;
        }

        if (block.Part is null)
        {
            block.Part = block.Item.Add(block.Item.Kind);
            if (block.Item.Kind == BlockKind.Reasoning)
            {
                WriteSummaryPart("response.reasoning_summary_part.added", block.Item, "", output);
            }
        }

        var part = block.Part;
        part.Text.Append(delta.Text);
        part.LogProbs.AddRange(delta.LogProbs ?? []);
        WriteEvent(DeltaName(part.Kind), block, output, delta, static (w, delta, block) =>
        {
            w.WriteString("delta"u8, delta.Text);
            if (block.Part!.Kind == BlockKind.Text)
            {
                ResponsesLogProbs.Write(w, delta.LogProbs);
            }
        });
    }

    private void Stop(OpenBlock block, IBufferWriter<byte> output)
    {
        var item = block.Item;
        switch (item.Kind)
        {
            case BlockKind.ToolCall:
                StopCall(block, output);
                break;
            case BlockKind.Reasoning:
                StopThought(block, output);
                break;
            default:
                StopText(block, output);
                break;
        }
    }

    private void StopText(OpenBlock block, IBufferWriter<byte> output)
    {
        var part = block.Part!;
        var text = part.Text.ToString();
        var refusal = part.Kind == BlockKind.Refusal;
        var name = refusal ? "response.refusal.done" : "response.output_text.done";
        WriteEvent(name, block, output, text, static (w, text, block) =>
        {
            w.WriteString(block.Part!.Kind == BlockKind.Refusal ? "refusal"u8 : "text"u8, text);
            if (block.Part.Kind == BlockKind.Text)
            {
                ResponsesLogProbs.Write(w, block.Part.LogProbs);
            }
        });
        WritePart("response.content_part.done", block.Item, part, text, output);

        // The message ended while this block was still open; it is done with its last block.
        if (block.Item != _message && !_blocks.Values.Any(other => other.Item == block.Item))
        {
            WriteItem("response.output_item.done", block.Item, false, output);
        }
    }

    private void StopCall(OpenBlock block, IBufferWriter<byte> output)
    {
        if (block.Part is null)
        {
            Delta(block, new BlockDelta(0, "{}"), output);
        }

        WriteEvent(
            "response.function_call_arguments.done", block, output, 0, static (w, _, block) =>
            {
                w.WriteString("name"u8, block.Item.Name);
                w.WriteString("arguments"u8, block.Item.Text);
            });
        WriteItem("response.output_item.done", block.Item, false, output);
        if (_output.AddSignature(block.Item.CallId, block.Signature) is { } signature)
        {
            Add(signature, output);
            WriteItem("response.output_item.done", signature, false, output);
        }
    }

    private void StopThought(OpenBlock block, IBufferWriter<byte> output)
    {
        var item = block.Item;
        if (block.Part is not null)
        {
            WriteEvent("response.reasoning_summary_text.done", block, output, 0, static (w, _, block) =>
                w.WriteString("text"u8, block.Item.Text));
            WriteSummaryPart("response.reasoning_summary_part.done", item, item.Text, output);
        }

        if (block.Signature is { } signature)
        {
            item.Seal(signature, block.Redacted);
        }

        WriteItem("response.output_item.done", item, false, output);
    }

    /// <summary>No more text goes into the message; it is done, unless a block of it is still open.</summary>
    private void EndMessage(IBufferWriter<byte> output)
    {
        if (_message is { } message)
        {
            _message = null;
            if (!_blocks.Values.Any(block => block.Item == message))
            {
                WriteItem("response.output_item.done", message, false, output);
            }
        }
    }

    private ResponsesOutputItem Add(ResponsesOutputItem item, IBufferWriter<byte> output)
    {
        WriteItem("response.output_item.added", item, true, output);
        return item;
    }

    private static string DeltaName(BlockKind kind) => kind switch
    {
        BlockKind.ToolCall => "response.function_call_arguments.delta",
        BlockKind.Reasoning => "response.reasoning_summary_text.delta",
        BlockKind.Refusal => "response.refusal.delta",
        _ => "response.output_text.delta",
    };

    private void WriteResponse(string type, string? status, IBufferWriter<byte> output) =>
        WriteEvent(type, output, (self: this, status), static (w, s) =>
        {
            w.WritePropertyName("response"u8);
            ResponsesBodyWriter.Write(w, s.self._output, s.self.Context, s.status);
        });

    private void WriteItem(string type, ResponsesOutputItem item, bool announced, IBufferWriter<byte> output) =>
        WriteEvent(type, output, (item, announced), static (w, s) =>
        {
            w.WriteNumber("output_index"u8, s.item.Index);
            w.WritePropertyName("item"u8);
            ResponsesOutputItems.Write(w, s.item, s.announced);
        });

    private void WritePart(
        string type, ResponsesOutputItem item, ResponsesOutputPart part, string text, IBufferWriter<byte> output) =>
        WriteEvent(type, output, (item, part, text), static (w, s) =>
        {
            w.WriteString("item_id"u8, s.item.Id);
            w.WriteNumber("output_index"u8, s.item.Index);
            w.WriteNumber("content_index"u8, s.part.Index);
            w.WritePropertyName("part"u8);
            ResponsesOutputItems.WritePart(w, s.part, s.text);
        });

    private void WriteSummaryPart(string type, ResponsesOutputItem item, string text, IBufferWriter<byte> output) =>
        WriteEvent(type, output, (item, text), static (w, s) =>
        {
            w.WriteString("item_id"u8, s.item.Id);
            w.WriteNumber("output_index"u8, s.item.Index);
            w.WriteNumber("summary_index"u8, 0);
            w.WritePropertyName("part"u8);
            ResponsesOutputItems.WriteSummary(w, s.text);
        });

    /// <summary>An event of a block, with the indexes that its kind has.</summary>
    private void WriteEvent<TState>(
        string type,
        OpenBlock block,
        IBufferWriter<byte> output,
        TState state,
        Action<Utf8JsonWriter, TState, OpenBlock> write) =>
        WriteEvent(type, output, (block, state, write), static (w, s) =>
        {
            w.WriteString("item_id"u8, s.block.Item.Id);
            w.WriteNumber("output_index"u8, s.block.Item.Index);
            switch (s.block.Item.Kind)
            {
                case BlockKind.Text:
                    w.WriteNumber("content_index"u8, s.block.Part!.Index);
                    break;
                case BlockKind.Reasoning:
                    w.WriteNumber("summary_index"u8, 0);
                    break;
            }

            s.write(w, s.state, s.block);
        });

    private void WriteEvent<TState>(
        string type, IBufferWriter<byte> output, TState state, Action<Utf8JsonWriter, TState> write)
    {
        Span<byte> name = stackalloc byte[64];
        name = name[..System.Text.Encoding.ASCII.GetBytes(type, name)];
        JsonOutput.WriteEvent(output, name, (type, sequence: _sequence++, state, write), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("type"u8, s.type);
            w.WriteNumber("sequence_number"u8, s.sequence);
            s.write(w, s.state);
            w.WriteEndObject();
        });
    }

    private sealed class OpenBlock(ResponsesOutputItem item, ResponsesOutputPart? part)
    {
        public ResponsesOutputItem Item => item;

        /// <summary>Null until the first text of a thought or call.</summary>
        public ResponsesOutputPart? Part { get; set; } = part;

        public string? Signature { get; set; }

        public bool Redacted { get; set; }
    }
}
