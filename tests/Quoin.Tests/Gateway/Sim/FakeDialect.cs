using System.Buffers;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Sim;

/// <summary>
/// The plainest dialect there can be, so that these tests judge the simulation and no dialect: one event a chat
/// event, <c>{"event":…,"text":…}</c>, and <c>[DONE]</c> at the end.
/// </summary>
internal sealed class FakeDialect : Dialect
{
    public override string Name => "fake";

    public override string FieldName(ChatField field) => field.ToString();

    public override ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope) =>
        throw new NotSupportedException();

    public override void WriteResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, response, static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", state.Id);
            writer.WriteString("text", string.Concat(state.Parts.OfType<TextPart>().Select(part => part.Text)));
            writer.WriteString("thoughts", string.Concat(state.Parts.OfType<ReasoningPart>().Select(p => p.Text)));
            writer.WriteStartArray("calls");
            foreach (var call in state.Parts.OfType<ToolCallPart>())
            {
                writer.WriteStartObject();
                writer.WriteString("id", call.Id);
                writer.WriteString("name", call.Name);
                writer.WriteString("arguments", call.Arguments);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteNumber("logprobs", state.LogProbs?.Count ?? 0);
            writer.WriteString("finish", state.Finish.ToString());
            writer.WriteString("stop", state.StopSequence);
            writer.WriteNumber("input", state.Usage!.InputTokens!.Value);
            writer.WriteNumber("output", state.Usage.OutputTokens!.Value);
            writer.WriteNumber("reasoning", state.Usage.ReasoningTokens ?? -1);
            writer.WriteEndObject();
        });

    public override ChatStreamWriter CreateStreamWriter(AnswerContext context) => new Writer();

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, error, static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WriteString("error", state.Message);
            writer.WriteString("kind", state.Kind.ToString());
            writer.WriteString("code", state.Code);
            writer.WriteString("param", state.Param);
            writer.WriteEndObject();
        });

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output)
    {
        output.Write("data: "u8);
        WriteError(error, requestId, output);
        output.Write("\n\n"u8);
    }

    public override void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        throw new NotSupportedException();

    public override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events) =>
        throw new NotSupportedException();

    public override ChatStreamReader CreateStreamReader() => throw new NotSupportedException();

    public override StreamWatch CreateStreamWatch() => throw new NotSupportedException();

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body) => throw new NotSupportedException();

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => throw new NotSupportedException();

    private sealed class Writer : ChatStreamWriter
    {
        public override void Write(ChatEvent e, IBufferWriter<byte> output) =>
            JsonOutput.WriteEvent(output, default, e, static (writer, state) =>
            {
                writer.WriteStartObject();
                writer.WriteString("event", state.GetType().Name);
                switch (state)
                {
                    case BlockDelta delta:
                        writer.WriteString("text", delta.Text);
                        break;
                    case ResponseFinished finished:
                        writer.WriteString("finish", finished.Reason.ToString());
                        break;
                    case UsageReported report:
                        writer.WriteNumber("output", report.Usage.OutputTokens!.Value);
                        break;
                }

                writer.WriteEndObject();
            });

        public override void End(IBufferWriter<byte> output) => output.Write("data: [DONE]\n\n"u8);
    }
}
