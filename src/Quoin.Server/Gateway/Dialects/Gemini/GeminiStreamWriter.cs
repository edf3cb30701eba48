using System.Buffers;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Writes chunks as server-sent events, one for each piece of text or thought. Calls are whole in Gemini, so their
/// arguments are gathered until the block stops. The last chunk has finish reason and usage and is written at the
/// end; there is no marker after it. Each event is written in one piece, <c>data: JSON</c> and an empty line, which
/// <see cref="GeminiArrayFraming"/> relies on.
/// </summary>
internal sealed class GeminiStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly SortedDictionary<int, Block> _blocks = [];
    private string _id = context.RequestId;
    private string _model = context.Model;
    private Usage? _usage;
    private ResponseFinished? _finished;
    private bool _leftOut;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started:
                _id = started.Id ?? _id;
                _model = started.Model ?? _model;
                break;
            case BlockStarted started:
                _blocks[started.Index] = new Block(started);
                break;
            case BlockDelta delta when _blocks.TryGetValue(delta.Index, out var block):
                WriteDelta(block, delta, output);
                break;
            case BlockSigned signed when _blocks.TryGetValue(signed.Index, out var block):
                WriteSignature(block, signed, output);
                break;
            case BlockStopped stopped when _blocks.TryGetValue(stopped.Index, out var block):
                block.Stopped = true;
                WriteStoppedCalls(output);
                break;
            case UsageReported report:
                _usage = _usage is null ? report.Usage : _usage.Merge(report.Usage);
                break;
            case ResponseFinished finished:
                _finished = finished;
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        foreach (var block in _blocks.Values)
        {
            block.Stopped = true;
        }

        WriteStoppedCalls(output);
        JsonOutput.WriteEvent(output, default, this, static (json, self) => self.WriteLast(json));
    }

    private void WriteDelta(Block block, BlockDelta delta, IBufferWriter<byte> output)
    {
        switch (block.Started.Kind)
        {
            case BlockKind.ToolCall:
                block.Arguments.Append(delta.Text);
                break;
            case BlockKind.Reasoning when delta.Text.Length > 0:
                WriteChunk(output, delta, static (json, d) => GeminiAnswer.WriteTextPart(json, d.Text, thought: true));
                break;
            case BlockKind.Text or BlockKind.Refusal when delta.Text.Length > 0 || delta.LogProbs is { Count: > 0 }:
                WriteChunk(
                    output, delta, static (json, d) => GeminiAnswer.WriteTextPart(json, d.Text), delta.LogProbs);
                break;
        }
    }

    private void WriteSignature(Block block, BlockSigned signed, IBufferWriter<byte> output)
    {
        if (block.Started.Kind == BlockKind.ToolCall)
        {
            block.Signature = signed.Signature;
        }
        else
        {
            WriteChunk(output, signed, static (json, s) =>
                GeminiAnswer.WriteTextPart(json, "", !s.Redacted, s.Signature));
        }
    }

    // Calls that stop out of order wait for those before them, so that the parts keep the order of the blocks.
    private void WriteStoppedCalls(IBufferWriter<byte> output)
    {
        while (_blocks.Count > 0 && _blocks.First() is { Value: { Stopped: true } block, Key: var index })
        {
            _blocks.Remove(index);
            if (block.Started.Kind == BlockKind.ToolCall)
            {
                WriteCall(block, output);
            }
        }
    }

    private void WriteCall(Block block, IBufferWriter<byte> output)
    {
        var arguments = block.Arguments.ToString();
        if (!GeminiArguments.AreObject(arguments))
        {
            _leftOut = true;
            return;
        }

        var call = new ToolCallPart(
            block.Started.ToolCallId ?? "", block.Started.ToolName ?? "", arguments, block.Signature);
        WriteChunk(output, call, static (json, c) => GeminiAnswer.WriteCallPart(json, c));
    }

    private void WriteChunk<TState>(
        IBufferWriter<byte> output,
        TState state,
        Action<Utf8JsonWriter, TState> writePart,
        IReadOnlyList<TokenLogProb>? logProbs = null) =>
        JsonOutput.WriteEvent(output, default, (this, state, writePart, logProbs), static (json, chunk) =>
        {
            var (self, part, write, tokens) = chunk;
            json.WriteStartObject();
            json.WriteStartArray("candidates"u8);
            json.WriteStartObject();
            json.WriteStartObject("content"u8);
            json.WriteStartArray("parts"u8);
            write(json, part);
            json.WriteEndArray();
            json.WriteString("role"u8, "model"u8);
            json.WriteEndObject();
            json.WriteNumber("index"u8, 0);
            if (tokens is { Count: > 0 })
            {
                GeminiAnswer.WriteLogProbs(json, tokens);
            }

            json.WriteEndObject();
            json.WriteEndArray();
            self.WriteIdentity(json);
            json.WriteEndObject();
        });

    private void WriteLast(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        var finished = GeminiAnswer.Ending(_finished ?? new ResponseFinished(FinishReason.Stop), _leftOut);
        if (GeminiFinish.IsBlocked(finished, out var reason, out var message))
        {
            GeminiAnswer.WriteBlocked(json, reason, message);
        }
        else
        {
            json.WriteStartArray("candidates"u8);
            json.WriteStartObject();
            json.WriteStartObject("content"u8);
            json.WriteStartArray("parts"u8);
            GeminiAnswer.WriteTextPart(json, "");
            json.WriteEndArray();
            json.WriteString("role"u8, "model"u8);
            json.WriteEndObject();
            GeminiAnswer.WriteFinish(json, finished);
            json.WriteNumber("index"u8, 0);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        if (_usage is not null)
        {
            GeminiUsage.Write(json, _usage);
        }

        WriteIdentity(json);
        json.WriteEndObject();
    }

    private void WriteIdentity(Utf8JsonWriter json)
    {
        json.WriteString("modelVersion"u8, _model);
        json.WriteString("responseId"u8, _id);
    }

    private sealed class Block(BlockStarted started)
    {
        public BlockStarted Started { get; } = started;

        public StringBuilder Arguments { get; } = new();

        public string? Signature { get; set; }

        public bool Stopped { get; set; }
    }
}
