using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// OpenAI's responses, without state: what names something kept by OpenAI (previous_response_id, conversation,
/// item_reference, prompt, file ids) is refused, and so are OpenAI's own tools. A run of items of the assistant
/// (reasoning, messages, function calls) is one turn. Thoughts are reasoning items whose encrypted_content is the
/// signature, marked by <see cref="ResponsesSeal"/>. What is read, refused and left out is listed in
/// docs/dialects/openai-responses.md.
/// </summary>
internal sealed class OpenAIResponsesDialect : Dialect
{
    public override string Name => "openai-responses";

    public override string FieldName(ChatField field) => field switch
    {
        ChatField.Tools => "tools",
        ChatField.ToolChoice => "tool_choice",
        ChatField.ParallelToolCalls => "parallel_tool_calls",
        ChatField.OutputFormat => "text.format",
        ChatField.MaxTokens => "max_output_tokens",
        ChatField.Stop => "stop",
        ChatField.Temperature => "temperature",
        ChatField.TopP => "top_p",
        ChatField.TopK => "top_k",
        ChatField.FrequencyPenalty => "frequency_penalty",
        ChatField.PresencePenalty => "presence_penalty",
        ChatField.Seed => "seed",
        ChatField.LogProbs => "top_logprobs",
        ChatField.Reasoning => "reasoning",
        ChatField.Stream => "stream",
        _ => "input",
    };

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        ResponsesRequestReader.Read(body, envelope);

    public override void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        JsonOutput.Write(
            output, (request, upstream), static (w, s) => ResponsesRequestWriter.Write(w, s.request, s.upstream));

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(
            output,
            (response, context),
            static (w, s) => ResponsesBodyWriter.Write(w, ResponsesOutput.Of(s.response, s.context), s.context));

    public override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events) =>
        ResponsesBodyReader.Read(body, events);

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body) => ResponsesFacts.ReadBody(body);

    public override ChatStreamReader CreateStreamReader() => new ResponsesStreamReader();

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new ResponsesStreamWriter(context);

    public override StreamWatch CreateStreamWatch() => new ResponsesStreamWatch();

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        OpenAIErrors.Write(error, output);

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        ResponsesErrors.WriteEvent(error, output);

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => OpenAIErrors.Read(status, body);
}
