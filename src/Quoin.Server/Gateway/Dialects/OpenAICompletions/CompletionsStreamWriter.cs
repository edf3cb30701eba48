using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Dialects.OpenAICompletions;

/// <summary>Writes text as legacy completion chunks; thoughts have no place in them.</summary>
internal sealed class CompletionsStreamWriter(AnswerContext context) : ChatStreamWriter
{
    private readonly HashSet<int> _text = [];
    private ResponseStarted _started = new(null, null);
    private FinishReason _finish = FinishReason.Stop;
    private Usage? _usage;

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started:
                _started = started;
                break;
            case BlockStarted { Kind: BlockKind.Text } block:
                _text.Add(block.Index);
                break;
            case BlockDelta delta when delta.Text.Length > 0 && _text.Contains(delta.Index):
                WriteChunk(output, delta.Text, null);
                break;
            case UsageReported report:
                _usage = _usage is null ? report.Usage : _usage.Merge(report.Usage);
                break;
            case ResponseFinished finished:
                _finish = finished.Reason;
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        WriteChunk(output, "", OpenAIChatBody.FinishName(_finish, refusalText: false));
        if (context.Request.IncludeUsage && _usage is not null)
        {
            JsonOutput.WriteEvent(output, default, this, static (w, self) =>
            {
                OpenAICompletionsDialect.WriteHead(w, self._started, self.Context);
                w.WriteEndArray();
                w.WritePropertyName("usage"u8);
                OpenAIChatUsage.Write(w, self._usage!);
                w.WriteEndObject();
            });
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private AnswerContext Context => context;

    private void WriteChunk(IBufferWriter<byte> output, string text, string? finish) =>
        JsonOutput.WriteEvent(output, default, (self: this, text, finish), static (w, s) =>
        {
            OpenAICompletionsDialect.WriteHead(w, s.self._started, s.self.Context);
            OpenAICompletionsDialect.WriteChoice(w, s.text, s.finish);
            w.WriteEndArray();
            w.WriteEndObject();
        });
}
