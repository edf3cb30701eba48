using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIEmbeddings;

/// <summary>
/// OpenAI's embeddings, both ways. <c>user</c> is a hint; token ids as input cannot be translated, since they are of
/// one model's vocabulary.
/// </summary>
internal static class OpenAIEmbeddingsBody
{
    /// <summary>Inputs of one request; OpenAI's own bound.</summary>
    private const int MostInputs = 2048;

    public static EmbeddingsRequest ReadRequest(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        IReadOnlyList<string>? inputs = null;
        int? dimensions = null;
        var base64 = false;
        foreach (var property in JsonFields.Once(document.RootElement))
        {
            switch (property.Name)
            {
                case "model" or "user":
                    break;
                case "input":
                    inputs = ReadInputs(property.Value);
                    break;
                case "dimensions":
                    dimensions = JsonFields.IntegerOrNull(property.Value, "dimensions", 1);
                    break;
                case "encoding_format":
                    base64 = ReadFormat(JsonFields.StringOrNull(property.Value, "encoding_format"));
                    break;
                default:
                    throw JsonFields.Unknown(property.Name);
            }
        }

        return new EmbeddingsRequest(
            envelope.Model, inputs ?? throw JsonFields.Missing("input"), dimensions, base64);
    }

    public static void WriteRequest(EmbeddingsRequest request, string model, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (request, model), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("model"u8, s.model);
            w.WriteStartArray("input"u8);
            foreach (var input in s.request.Inputs)
            {
                w.WriteStringValue(input);
            }

            w.WriteEndArray();
            if (s.request.Dimensions is { } dimensions)
            {
                w.WriteNumber("dimensions"u8, dimensions);
            }

            w.WriteString("encoding_format"u8, "float"u8);
            w.WriteEndObject();
        });

    public static void WriteResponse(
        EmbeddingsResponse response, EmbeddingsRequest request, string model, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (response, request, model), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("object"u8, "list"u8);
            w.WriteStartArray("data"u8);
            for (var i = 0; i < s.response.Vectors.Count; i++)
            {
                WriteVector(w, i, s.response.Vectors[i], s.request.Base64);
            }

            w.WriteEndArray();
            w.WriteString("model"u8, s.response.Model ?? s.model);
            w.WriteStartObject("usage"u8);
            w.WriteNumber("prompt_tokens"u8, s.response.Usage?.InputTokens ?? 0);
            w.WriteNumber("total_tokens"u8, s.response.Usage?.InputTokens ?? 0);
            w.WriteEndObject();
            w.WriteEndObject();
        });

    public static EmbeddingsResponse ReadResponse(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var data = root.GetProperty("data");
        var vectors = new float[data.GetArrayLength()][];
        var next = 0;
        foreach (var item in data.EnumerateArray())
        {
            var index = item.TryGetProperty("index", out var i) ? i.GetInt32() : next;
            if ((uint)index >= (uint)vectors.Length || vectors[index] is not null)
            {
                throw new JsonException("embeddings with indexes out of order");
            }

            vectors[index] = ReadVector(item.GetProperty("embedding"));
            next++;
        }

        var tokens = root.TryGetProperty("usage", out var usage)
            && usage.TryGetProperty("prompt_tokens", out var prompt) && prompt.TryGetInt32(out var n)
            ? new Usage { InputTokens = n }
            : null;
        return new EmbeddingsResponse(
            root.TryGetProperty("model", out var model) ? model.GetString() : null, vectors, tokens);
    }

    private static IReadOnlyList<string> ReadInputs(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return [value.GetString()!];
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > MostInputs)
        {
            throw JsonFields.Unsupported("input", $"must have at most {MostInputs} texts");
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            && value[0].ValueKind is JsonValueKind.Number or JsonValueKind.Array
            ? throw JsonFields.Unsupported("input", "must be text to be translated for this model's provider")
            : JsonFields.Strings(value, "input");
    }

    private static bool ReadFormat(string? format) => format switch
    {
        null or "float" => false,
        "base64" => true,
        _ => throw JsonFields.Unsupported("encoding_format", "must be float or base64"),
    };

    private static float[] ReadVector(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return MemoryMarshal.Cast<byte, float>(value.GetBytesFromBase64()).ToArray();
        }

        var vector = new float[value.GetArrayLength()];
        var at = 0;
        foreach (var number in value.EnumerateArray())
        {
            vector[at++] = number.GetSingle();
        }

        return vector;
    }

    private static void WriteVector(Utf8JsonWriter writer, int index, float[] vector, bool base64)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "embedding"u8);
        writer.WriteNumber("index"u8, index);
        if (base64)
        {
            writer.WriteBase64String("embedding"u8, MemoryMarshal.AsBytes<float>(vector));
        }
        else
        {
            writer.WriteStartArray("embedding"u8);
            foreach (var number in vector)
            {
                writer.WriteNumberValue(number);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
