using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// countTokens: asked with contents, or with a whole request under generateContentRequest; answered by totalTokens.
/// </summary>
internal static class GeminiCountTokens
{
    public static ChatRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        try
        {
            var fields = GeminiFields.Of(document.RootElement, "").ToList();
            var whole = fields.FindIndex(field => field.Name == "generateContentRequest");
            if (whole >= 0 && fields.Find(field => field.Name is not ("generateContentRequest" or "model")) is
                { Name: not null } other)
            {
                throw JsonFields.Unsupported(other.Path, "cannot be given together with generateContentRequest");
            }

            return (whole < 0
                ? GeminiRequestReader.Read(document.RootElement, "", envelope)
                : GeminiRequestReader.Read(fields[whole].Value, fields[whole].Path, envelope)) with
            {
                Backing = document,
            };
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    public static void WriteRequest(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (request, upstream), static (json, state) =>
        {
            json.WriteStartObject();
            json.WriteStartObject("generateContentRequest"u8);
            json.WriteString("model"u8, "models/" + state.upstream.Model);
            GeminiRequestWriter.WriteFields(json, state.request, state.upstream);
            json.WriteEndObject();
            json.WriteEndObject();
        });

    public static void WriteResponse(int tokens, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, tokens, static (json, total) =>
        {
            json.WriteStartObject();
            json.WriteNumber("totalTokens"u8, total);
            json.WriteEndObject();
        });

    public static int ReadResponse(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        var root = document.RootElement;
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("totalTokens"u8, out var total)
            && total.ValueKind == JsonValueKind.Number && total.TryGetInt32(out var tokens)
            ? tokens
            : throw new JsonException("an answer to countTokens has no totalTokens");
    }
}
