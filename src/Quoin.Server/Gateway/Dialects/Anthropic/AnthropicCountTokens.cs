using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// POST /v1/messages/count_tokens: a message request without limits, sampling and streaming, answered by
/// <c>{"input_tokens":N}</c>.
/// </summary>
internal static class AnthropicCountTokens
{
    public static ChatRequest ReadRequest(ReadOnlyMemory<byte> body) =>
        AnthropicRequestReader.Read(body, counting: true);

    public static void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        AnthropicRequestWriter.Write(request, upstream, counting: true, output);

    public static void WriteResponse(int inputTokens, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, inputTokens, static (writer, count) =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("input_tokens"u8, count);
            writer.WriteEndObject();
        });

    public static int ReadResponse(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        return AnthropicJson.Count(AnthropicJson.Root(document), "input_tokens")
            ?? throw new JsonException("input_tokens is missing");
    }
}
