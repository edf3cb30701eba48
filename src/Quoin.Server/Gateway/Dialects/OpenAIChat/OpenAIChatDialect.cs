using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// OpenAI's chat completions. Thoughts have no place in OpenAI's own API; compatible servers write them as
/// <c>reasoning_content</c> (DeepSeek, xAI, vLLM) or <c>reasoning</c> (OpenRouter, Ollama): both are read, the first
/// is written. A thought's signature has no place and is left out; a tool call's is carried as Google's own
/// compatible endpoint does, in <c>extra_content.google.thought_signature</c>.
/// </summary>
internal sealed class OpenAIChatDialect : Dialect
{
    public override string Name => "openai-chat";

    public override string FieldName(ChatField field) => field switch
    {
        ChatField.Tools => "tools",
        ChatField.ToolChoice => "tool_choice",
        ChatField.ParallelToolCalls => "parallel_tool_calls",
        ChatField.OutputFormat => "response_format",
        ChatField.MaxTokens => "max_completion_tokens",
        ChatField.Stop => "stop",
        ChatField.Temperature => "temperature",
        ChatField.TopP => "top_p",
        ChatField.TopK => "top_k",
        ChatField.FrequencyPenalty => "frequency_penalty",
        ChatField.PresencePenalty => "presence_penalty",
        ChatField.Seed => "seed",
        ChatField.LogProbs => "logprobs",
        ChatField.Reasoning => "reasoning_effort",
        ChatField.Stream => "stream",
        _ => "messages",
    };

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        OpenAIChatRequestReader.Read(body, envelope);

    public override void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        JsonOutput.Write(
            output, (request, upstream), static (w, s) => OpenAIChatRequestWriter.Write(w, s.request, s.upstream));

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(
            output, (response, context), static (w, s) => OpenAIChatBody.Write(w, s.response, s.context));

    public override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events) =>
        OpenAIChatBody.Read(body, events);

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body) => OpenAIChatFacts.Read(body);

    public override Dialects.ChatStreamReader CreateStreamReader() => new OpenAIChatStreamReader();

    public override Dialects.ChatStreamWriter CreateStreamWriter(AnswerContext context) =>
        new OpenAIChatStreamWriter(context);

    public override StreamWatch CreateStreamWatch() => new OpenAIChatStreamWatch();

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        OpenAIErrors.Write(error, output);

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output)
    {
        output.Write("data: "u8);
        OpenAIErrors.Write(error, output);
        output.Write("\n\n"u8);
    }

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => OpenAIErrors.Read(status, body);
}
