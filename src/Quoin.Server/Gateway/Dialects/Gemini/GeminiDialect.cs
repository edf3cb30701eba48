using System.Buffers;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Google's Gemini API: generateContent and streamGenerateContent. Model and stream are in the path.</summary>
internal sealed class GeminiDialect : Dialect
{
    public override string Name => "gemini";

    public override string FieldName(ChatField field) => field switch
    {
        ChatField.Tools => "tools",
        ChatField.ToolChoice => "toolConfig.functionCallingConfig",
        ChatField.ParallelToolCalls => "toolConfig",
        ChatField.OutputFormat => "generationConfig.responseMimeType",
        ChatField.MaxTokens => "generationConfig.maxOutputTokens",
        ChatField.Stop => "generationConfig.stopSequences",
        ChatField.Temperature => "generationConfig.temperature",
        ChatField.TopP => "generationConfig.topP",
        ChatField.TopK => "generationConfig.topK",
        ChatField.FrequencyPenalty => "generationConfig.frequencyPenalty",
        ChatField.PresencePenalty => "generationConfig.presencePenalty",
        ChatField.Seed => "generationConfig.seed",
        ChatField.LogProbs => "generationConfig.responseLogprobs",
        ChatField.Reasoning => "generationConfig.thinkingConfig",
        ChatField.Stream => "alt",
        _ => "contents",
    };

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        GeminiRequestReader.Read(body, envelope);

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        GeminiResponseWriter.Write(response, context, output);

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new GeminiStreamWriter(context);

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        GeminiErrors.Write(error, requestId, output);

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        GeminiErrors.WriteEvent(error, requestId, output);

    public override void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        GeminiRequestWriter.Write(request, upstream, output);

    public override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events)
    {
        var reader = new GeminiStreamReader();
        reader.Read(default, body, events);
        reader.Complete(events);
    }

    public override ChatStreamReader CreateStreamReader() => new GeminiStreamReader();

    public override StreamWatch CreateStreamWatch() => new GeminiStreamWatch();

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body)
    {
        var scan = GeminiScan.Read(body, wantModel: true);
        var finish = scan.Reason is not null ? GeminiFinish.ReasonOf(scan.Reason, scan.Calls, scan.Content)
            : scan.Blocked ? FinishReason.ContentFilter
            : (FinishReason?)null;
        return new ResponseFacts(scan.Model, finish, scan.Usage);
    }

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => GeminiErrors.Read(body);
}
