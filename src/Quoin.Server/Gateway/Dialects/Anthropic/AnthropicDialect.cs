using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Anthropic's Messages API, as a server and as a client. What it cannot say, and which fields are hints, is listed
/// in docs/dialects/anthropic.md.
/// </summary>
internal sealed class AnthropicDialect : Dialect
{
    public override string Name => "anthropic";

    public override string FieldName(ChatField field) => field switch
    {
        ChatField.Tools => "tools",
        ChatField.ToolChoice => "tool_choice",
        ChatField.ParallelToolCalls => "tool_choice.disable_parallel_tool_use",
        ChatField.OutputFormat => "output_config.format",
        ChatField.MaxTokens => "max_tokens",
        ChatField.Stop => "stop_sequences",
        ChatField.Temperature => "temperature",
        ChatField.TopP => "top_p",
        ChatField.TopK => "top_k",
        ChatField.Reasoning => "thinking",
        ChatField.Stream => "stream",
        ChatField.Turns => "messages",

        // A request in this dialect never holds these; the names are the usual ones.
        ChatField.FrequencyPenalty => "frequency_penalty",
        ChatField.PresencePenalty => "presence_penalty",
        ChatField.Seed => "seed",
        ChatField.LogProbs => "logprobs",
        _ => "body",
    };

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        AnthropicRequestReader.Read(body, counting: false);

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        AnthropicResponseWriter.Write(response, context, output);

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new AnthropicStreamWriter(context);

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        AnthropicErrors.Write(error, requestId, output);

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        AnthropicErrors.WriteEvent(error, requestId, output);

    public override void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        AnthropicRequestWriter.Write(request, upstream, counting: false, output);

    public override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events) =>
        AnthropicResponseReader.Read(body, events);

    public override ChatStreamReader CreateStreamReader() => new AnthropicStreamReader();

    public override StreamWatch CreateStreamWatch() => new AnthropicStreamWatch();

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body) => AnthropicResponseFacts.Read(body);

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => AnthropicErrors.Read(body);
}
