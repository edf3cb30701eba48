using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>OpenAI's legacy completions: the answer's text in <c>choices[0].text</c>, streamed as such chunks.</summary>
internal sealed class SimCompletions(AnswerContext context) : ChatStreamWriter
{
    private ResponseStarted _started = new(null, null);
    private Usage? _usage;
    private FinishReason? _finish;

    public static void WriteResponse(ChatResponse response, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, response, static (writer, state) =>
        {
            var text = string.Concat(state.Parts.OfType<TextPart>().Select(part => part.Text));
            WriteChunk(writer, state.Id, state.CreatedUnixSeconds, state.Model, text, state.Finish, state.Usage);
        });

    public override void Write(ChatEvent e, IBufferWriter<byte> output)
    {
        switch (e)
        {
            case ResponseStarted started:
                _started = started;
                break;
            case BlockDelta delta:
                WriteEvent(output, delta.Text, null, null);
                break;
            case UsageReported report:
                _usage = report.Usage;
                break;
            case ResponseFinished finished:
                _finish = finished.Reason;
                break;
        }
    }

    public override void End(IBufferWriter<byte> output)
    {
        if (_finish is { } finish)
        {
            WriteEvent(output, "", finish, context.Request.IncludeUsage ? _usage : null);
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private void WriteEvent(IBufferWriter<byte> output, string text, FinishReason? finish, Usage? usage) =>
        JsonOutput.WriteEvent(output, default, (_started, text, finish, usage), static (writer, state) =>
            WriteChunk(
                writer, state._started.Id, state._started.CreatedUnixSeconds, state._started.Model, state.text,
                state.finish, state.usage));

    private static void WriteChunk(
        Utf8JsonWriter writer, string? id, long? created, string? model, string text, FinishReason? finish,
        Usage? usage)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("object", "text_completion");
        writer.WriteNumber("created", created ?? 0);
        writer.WriteString("model", model);
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteString("text", text);
        writer.WriteNumber("index", 0);
        writer.WriteNull("logprobs");
        writer.WriteString("finish_reason", finish switch
        {
            null => null,
            FinishReason.Length => "length",
            FinishReason.ContentFilter => "content_filter",
            _ => "stop",
        });
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (usage is not null)
        {
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", usage.InputTokens ?? 0);
            writer.WriteNumber("completion_tokens", usage.OutputTokens ?? 0);
            writer.WriteNumber("total_tokens", usage.TotalTokens);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
