using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Writes chat completion chunks. The finish chunk and, where the client asked for it, the usage chunk are held
/// until the end, since usage may be told before or after the ending.
/// </summary>
internal sealed class OpenAIChatStreamWriter(AnswerContext context) : Dialects.ChatStreamWriter
{
    private readonly Dictionary<int, int> _calls = [];
    private readonly Dictionary<int, BlockKind> _kinds = [];
    private ResponseStarted _started = new(null, null);
    private ResponseFinished? _finished;
    private Usage? _usage;
    private bool _announced;
    private bool _refused;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started:
                _started = started;
                Announce(output);
                break;
            case BlockStarted block:
                Announce(output);
                Start(block, output);
                break;
            case BlockDelta delta:
                Delta(delta, output);
                break;
            case BlockSigned signed when _calls.TryGetValue(signed.Index, out var call):
                WriteChunk(output, (call, signed.Signature), static (w, s) =>
                {
                    w.WriteStartArray("tool_calls"u8);
                    w.WriteStartObject();
                    w.WriteNumber("index"u8, s.call);
                    OpenAIChatMessageWriter.WriteSignature(w, s.Signature);
                    w.WriteEndObject();
                    w.WriteEndArray();
                });
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
        Announce(output);
        var finish = OpenAIChatBody.FinishName(_finished?.Reason ?? FinishReason.Stop, _refused);
        WriteChunk(output, 0, static (_, _) => { }, finish: finish);
        if (context.Request.IncludeUsage && _usage is not null)
        {
            JsonOutput.WriteEvent(output, default, this, static (w, self) =>
            {
                self.WriteHead(w);
                w.WriteStartArray("choices"u8);
                w.WriteEndArray();
                w.WritePropertyName("usage"u8);
                OpenAIChatUsage.Write(w, self._usage!);
                w.WriteEndObject();
            });
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private void Announce(IBufferWriter<byte> output)
    {
        if (_announced)
        {
            return;
        }

        _announced = true;
        WriteChunk(output, 0, static (w, _) =>
        {
            w.WriteString("role"u8, "assistant"u8);
            w.WriteString("content"u8, ""u8);
            w.WriteNull("refusal"u8);
        });
    }

    private void Start(BlockStarted block, IBufferWriter<byte> output)
    {
        _kinds[block.Index] = block.Kind;
        _refused |= block.Kind == BlockKind.Refusal;
        if (block.Kind != BlockKind.ToolCall)
        {
            return;
        }

        var call = _calls.Count;
        _calls[block.Index] = call;
        WriteChunk(output, (call, block), static (w, s) =>
        {
            w.WriteStartArray("tool_calls"u8);
            w.WriteStartObject();
            w.WriteNumber("index"u8, s.call);
            w.WriteString("id"u8, s.block.ToolCallId);
            w.WriteString("type"u8, "function"u8);
            w.WriteStartObject("function"u8);
            w.WriteString("name"u8, s.block.ToolName);
            w.WriteString("arguments"u8, ""u8);
            w.WriteEndObject();
            w.WriteEndObject();
            w.WriteEndArray();
        });
    }

    private void Delta(BlockDelta delta, IBufferWriter<byte> output)
    {
        if (!_kinds.TryGetValue(delta.Index, out var kind) || delta.Text.Length == 0)
        {
            return;
        }

        if (kind == BlockKind.ToolCall)
        {
            WriteChunk(output, (Call: _calls[delta.Index], delta.Text), static (w, s) =>
            {
                w.WriteStartArray("tool_calls"u8);
                w.WriteStartObject();
                w.WriteNumber("index"u8, s.Call);
                w.WriteStartObject("function"u8);
                w.WriteString("arguments"u8, s.Text);
                w.WriteEndObject();
                w.WriteEndObject();
                w.WriteEndArray();
            });
            return;
        }

        WriteChunk(
            output,
            (kind, delta.Text),
            static (w, s) => w.WriteString(
                s.kind switch
                {
                    BlockKind.Reasoning => "reasoning_content"u8,
                    BlockKind.Refusal => "refusal"u8,
                    _ => "content"u8,
                },
                s.Text),
            delta.LogProbs);
    }

    private void WriteChunk<TState>(
        IBufferWriter<byte> output,
        TState state,
        Action<Utf8JsonWriter, TState> delta,
        IReadOnlyList<TokenLogProb>? logProbs = null,
        string? finish = null) =>
        JsonOutput.WriteEvent(output, default, (self: this, state, delta, logProbs, finish), static (w, s) =>
        {
            s.self.WriteHead(w);
            w.WriteStartArray("choices"u8);
            w.WriteStartObject();
            w.WriteNumber("index"u8, 0);
            w.WriteStartObject("delta"u8);
            s.delta(w, s.state);
            w.WriteEndObject();
            w.WritePropertyName("logprobs"u8);
            OpenAIChatBody.WriteLogProbs(w, s.logProbs);
            w.WriteString("finish_reason"u8, s.finish);
            w.WriteEndObject();
            w.WriteEndArray();
            w.WriteEndObject();
        });

    private void WriteHead(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, _started.Id ?? "chatcmpl-" + context.RequestId);
        writer.WriteString("object"u8, "chat.completion.chunk"u8);
        writer.WriteNumber("created"u8, _started.CreatedUnixSeconds ?? context.CreatedUnixSeconds);
        writer.WriteString("model"u8, _started.Model ?? context.Model);
    }
}
