using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Embeddings: a unit vector for each input, made from a hash of seed, model and input, so that equal texts have
/// equal vectors and others are about orthogonal.
/// </summary>
internal static class SimEmbedding
{
    private const int DefaultDimensions = 256;
    private const int MaxDimensions = 4096;
    private const int MaxInputs = 2048;

    public static void Answer(SimRoute route, JsonElement body, long seed, IBufferWriter<byte> output)
    {
        if (route.Shape == SimShape.Gemini)
        {
            AnswerGemini(route, body, seed, output);
            return;
        }

        var model = SimJson.Text(body, "model") ?? route.Model ?? throw JsonFields.Missing("model");
        var input = SimJson.Find(body, "input") ?? throw JsonFields.Missing("input");
        var inputs = Inputs(input);
        var size = Size(body, "dimensions", "dimensions");
        var base64 = SimJson.Text(body, "encoding_format") == "base64";
        JsonOutput.Write(output, (inputs, model, size, base64, seed), static (writer, state) =>
        {
            var tokens = 0;
            writer.WriteStartObject();
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            for (var i = 0; i < state.inputs.Count; i++)
            {
                tokens += Tokens(state.inputs[i]);
                writer.WriteStartObject();
                writer.WriteString("object", "embedding");
                writer.WriteNumber("index", i);
                writer.WritePropertyName("embedding");
                WriteVector(writer, Vector(state.seed, state.model, state.inputs[i], state.size), state.base64);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("model", state.model);
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", tokens);
            writer.WriteNumber("total_tokens", tokens);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private static void AnswerGemini(SimRoute route, JsonElement body, long seed, IBufferWriter<byte> output)
    {
        var model = route.Model!;
        var requests = route.Batch ? [.. SimPromptReader.Array(body, "requests").EnumerateArray()] : new[] { body };
        if (requests.Length > MaxInputs)
        {
            throw GatewayException.Invalid("requests", $"requests must be at most {MaxInputs}");
        }

        var vectors = new List<float[]>();
        foreach (var request in requests)
        {
            var content = SimJson.Find(request, "content") ?? throw JsonFields.Missing("content");
            var size = Size(request, "outputDimensionality", "output_dimensionality");
            vectors.Add(Vector(seed, model, SimJson.Find(content, "parts") ?? content, size));
        }

        JsonOutput.Write(output, (vectors, route.Batch), static (writer, state) =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName(state.Batch ? "embeddings" : "embedding");
            if (state.Batch)
            {
                writer.WriteStartArray();
            }

            foreach (var vector in state.vectors)
            {
                writer.WriteStartObject();
                writer.WritePropertyName("values");
                WriteVector(writer, vector, base64: false);
                writer.WriteEndObject();
            }

            if (state.Batch)
            {
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
    }

    /// <summary>A text, texts, a list of token ids, or lists of them.</summary>
    private static List<JsonElement> Inputs(JsonElement input)
    {
        var several = input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0
            && input[0].ValueKind is JsonValueKind.String or JsonValueKind.Array;
        if (!several)
        {
            return input.ValueKind is JsonValueKind.String or JsonValueKind.Array
                ? [input]
                : throw JsonFields.Wrong(input, "input", "a string or an array");
        }

        return input.GetArrayLength() <= MaxInputs
            ? [.. input.EnumerateArray()]
            : throw GatewayException.Invalid("input", $"input must have at most {MaxInputs} items");
    }

    private static int Tokens(JsonElement input) => input.ValueKind == JsonValueKind.Array
        ? input.GetArrayLength()
        : SimTokens.Count(input.GetString() ?? "");

    private static int Size(JsonElement body, string name, string otherName)
    {
        var size = SimJson.Integer(body, name, otherName) ?? DefaultDimensions;
        return size is >= 1 and <= MaxDimensions
            ? size
            : throw GatewayException.Invalid(name, $"{name} must be an integer from 1 to {MaxDimensions}");
    }

    private static float[] Vector(long seed, string model, JsonElement input, int size)
    {
        var hash = new SimHash((ulong)seed);
        hash.Add(model);
        if (input.ValueKind == JsonValueKind.String)
        {
            hash.Add(input.GetString()!);
        }
        else
        {
            hash.Add(JsonMarshal.GetRawUtf8Value(input));
        }

        var random = new SimRandom(hash.Value);
        var vector = new float[size];
        var squares = 0.0;
        for (var i = 0; i < size; i++)
        {
            // 0.5 is never drawn in every place, so the length is above zero.
            var value = random.Fraction() - 0.5;
            vector[i] = (float)value;
            squares += value * value;
        }

        var scale = (float)(1 / Math.Max(Math.Sqrt(squares), 1e-9));
        for (var i = 0; i < size; i++)
        {
            vector[i] *= scale;
        }

        return vector;
    }

    private static void WriteVector(Utf8JsonWriter writer, float[] vector, bool base64)
    {
        if (base64)
        {
            // OpenAI sends the floats' little-endian bytes.
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes(vector.AsSpan()));
            return;
        }

        writer.WriteStartArray();
        foreach (var value in vector)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
    }
}
