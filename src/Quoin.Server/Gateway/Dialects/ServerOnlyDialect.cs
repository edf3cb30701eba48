using System.Buffers;
using System.Diagnostics;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// A dialect of the completions endpoint. Clients speak it to us; it is never translated to, for every provider
/// that has it has a chat dialect too. Errors and field names are those of openai-chat.
/// </summary>
internal abstract class ServerOnlyDialect : Dialect
{
    public override string FieldName(ChatField field) =>
        field == ChatField.Turns ? "prompt" : DialectTable.OpenAIChat.FieldName(field);

    public override void WriteError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        DialectTable.OpenAIChat.WriteError(error, requestId, output);

    public override void WriteStreamError(GatewayError error, string requestId, IBufferWriter<byte> output) =>
        DialectTable.OpenAIChat.WriteStreamError(error, requestId, output);

    public override StreamWatch CreateStreamWatch() => new OpenAIChatStreamWatch();

    public override ResponseFacts ReadResponseFacts(ReadOnlySpan<byte> body) => OpenAIChatFacts.Read(body);

    public override UpstreamError ReadError(int status, ReadOnlySpan<byte> body) => OpenAIErrors.Read(status, body);

    public sealed override void WriteRequest(
        ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) => throw NeverAsClient();

    public sealed override void ReadResponse(ReadOnlyMemory<byte> body, List<ChatEvent> events) =>
        throw NeverAsClient();

    public sealed override ChatStreamReader CreateStreamReader() => throw NeverAsClient();

    private static UnreachableException NeverAsClient() =>
        new("the translation table chooses chat dialects only");
}
