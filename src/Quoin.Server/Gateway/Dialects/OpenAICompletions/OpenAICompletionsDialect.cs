using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Dialects.OpenAICompletions;

/// <summary>
/// OpenAI's legacy completions. Relayed where the provider has it; elsewhere the prompt becomes the one user turn of
/// a chat and the answer's text the completion.
/// </summary>
internal sealed class OpenAICompletionsDialect : ServerOnlyDialect
{
    public override string Name => "openai-completions";

    /// <summary>
    /// Whether a body of the completions endpoint has this shape: a prompt, and none of Hapax's fields.
    /// </summary>
    public static bool IsPromptShape(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
        reader.Read();
        var prompt = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("input"u8))
            {
                return false;
            }

            prompt |= reader.ValueTextEquals("prompt"u8);
            reader.Skip();
        }

        return prompt;
    }

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        CompletionsRequestReader.Read(body, envelope);

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (response, context), static (w, s) => Write(w, s.response, s.context));

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new CompletionsStreamWriter(context);

    public static void WriteHead(Utf8JsonWriter writer, ResponseStarted started, AnswerContext context)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, started.Id ?? "cmpl-" + context.RequestId);
        writer.WriteString("object"u8, "text_completion"u8);
        writer.WriteNumber("created"u8, started.CreatedUnixSeconds ?? context.CreatedUnixSeconds);
        writer.WriteString("model"u8, started.Model ?? context.Model);
        writer.WriteStartArray("choices"u8);
    }

    public static void WriteChoice(Utf8JsonWriter writer, string text, string? finish)
    {
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteNumber("index"u8, 0);
        writer.WriteNull("logprobs"u8);
        writer.WriteString("finish_reason"u8, finish);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ChatResponse response, AnswerContext context)
    {
        WriteHead(writer, new(response.Id, response.Model, response.CreatedUnixSeconds), context);
        var text = string.Concat(response.Parts.OfType<TextPart>().Select(part => part.Text));
        WriteChoice(writer, text, OpenAIChatBody.FinishName(response.Finish, refusalText: false));
        writer.WriteEndArray();
        if (response.Usage is { } usage)
        {
            writer.WritePropertyName("usage"u8);
            OpenAIChatUsage.Write(writer, usage);
        }

        writer.WriteEndObject();
    }
}
