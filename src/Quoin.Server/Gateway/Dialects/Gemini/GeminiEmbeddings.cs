using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// embedContent (one text) and batchEmbedContents (many). Texts of one content are one input, joined by line
/// breaks, for they get one vector. The requests of a batch must agree on everything but their text, as a request of
/// any other dialect has these once.
/// </summary>
internal static class GeminiEmbeddings
{
    /// <summary>Google's own limit of a batch is 100; other providers take up to 2,048.</summary>
    private const int BatchRequests = 2048;

    public static EmbeddingsRequest ReadEmbedRequest(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        return ReadOne(document.RootElement, "", envelope.Model);
    }

    public static EmbeddingsRequest ReadBatchRequest(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        EmbeddingsRequest? all = null;
        var inputs = new List<string>();
        foreach (var field in GeminiFields.Of(document.RootElement, ""))
        {
            if (field.Name != "requests")
            {
                throw JsonFields.Unknown(field.Path);
            }

            foreach (var (item, path) in GeminiFields.Items(field.Value, field.Path))
            {
                var one = ReadOne(item, path, envelope.Model);
                all ??= one;
                if ((one.Dimensions, one.TaskType, one.Title) != (all.Dimensions, all.TaskType, all.Title))
                {
                    throw JsonFields.Unsupported(
                        path, "must have the outputDimensionality, taskType and title of the first request");
                }

                inputs.Add(inputs.Count < BatchRequests ? one.Inputs[0] : throw JsonFields.Unsupported(
                    field.Path, $"must be at most {BatchRequests}"));
            }
        }

        return all is null ? throw JsonFields.Missing("requests") : all with { Inputs = inputs };
    }

    public static void WriteEmbedRequest(EmbeddingsRequest request, string model, IBufferWriter<byte> output)
    {
        if (request.Inputs.Count != 1)
        {
            throw new ArgumentException("embedContent takes one input", nameof(request));
        }

        JsonOutput.Write(output, (request, model), static (json, state) =>
            WriteOne(json, state.request, state.request.Inputs[0], state.model));
    }

    public static void WriteBatchRequest(EmbeddingsRequest request, string model, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (request, model), static (json, state) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("requests"u8);
            foreach (var input in state.request.Inputs)
            {
                WriteOne(json, state.request, input, state.model);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    public static void WriteEmbedResponse(EmbeddingsResponse response, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, response, static (json, answer) =>
        {
            json.WriteStartObject();
            json.WritePropertyName("embedding"u8);
            WriteVector(json, answer.Vectors[0]);
            WriteUsage(json, answer.Usage);
            json.WriteEndObject();
        });

    public static void WriteBatchResponse(EmbeddingsResponse response, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, response, static (json, answer) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("embeddings"u8);
            foreach (var vector in answer.Vectors)
            {
                WriteVector(json, vector);
            }

            json.WriteEndArray();
            WriteUsage(json, answer.Usage);
            json.WriteEndObject();
        });

    /// <summary>Reads the answer to either call.</summary>
    public static EmbeddingsResponse ReadResponse(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("an answer with embeddings is not an object");
        }

        var vectors = new List<float[]>();
        if (root.TryGetProperty("embedding"u8, out var one))
        {
            vectors.Add(ReadVector(one));
        }
        else if (root.TryGetProperty("embeddings"u8, out var all) && all.ValueKind == JsonValueKind.Array)
        {
            vectors.AddRange(all.EnumerateArray().Select(ReadVector));
        }
        else
        {
            throw new JsonException("an answer with embeddings has none");
        }

        return new EmbeddingsResponse(
            null, vectors, root.TryGetProperty("usageMetadata"u8, out var usage) ? GeminiUsage.Read(usage) : null);
    }

    private static EmbeddingsRequest ReadOne(JsonElement request, string path, string model)
    {
        string? input = null;
        var one = new EmbeddingsRequest(model, []);
        foreach (var field in GeminiFields.Of(request, path))
        {
            switch (field.Name)
            {
                case "model":
                    break;
                case "content":
                    input = ReadContent(field);
                    break;
                case "taskType":
                    one = one with { TaskType = JsonFields.String(field.Value, field.Path) };
                    break;
                case "title":
                    one = one with { Title = JsonFields.String(field.Value, field.Path) };
                    break;
                case "outputDimensionality":
                    one = one with { Dimensions = JsonFields.IntegerOrNull(field.Value, field.Path, 1) };
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        return one with { Inputs = [input ?? throw JsonFields.Missing(GeminiFields.At(path, "content"))] };
    }

    private static string ReadContent(GeminiField content)
    {
        var texts = GeminiContentReader.ReadInstruction(content).Parts.Cast<TextPart>().Select(part => part.Text);
        return string.Join('\n', texts);
    }

    private static void WriteOne(Utf8JsonWriter json, EmbeddingsRequest request, string input, string model)
    {
        json.WriteStartObject();
        json.WriteString("model"u8, "models/" + model);
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        GeminiAnswer.WriteTextPart(json, input);
        json.WriteEndArray();
        json.WriteEndObject();
        if (request.TaskType is not null)
        {
            json.WriteString("taskType"u8, request.TaskType);
        }

        if (request.Title is not null)
        {
            json.WriteString("title"u8, request.Title);
        }

        if (request.Dimensions is { } dimensions)
        {
            json.WriteNumber("outputDimensionality"u8, dimensions);
        }

        json.WriteEndObject();
    }

    private static void WriteVector(Utf8JsonWriter json, float[] vector)
    {
        json.WriteStartObject();
        json.WriteStartArray("values"u8);
        foreach (var value in vector)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter json, Usage? usage)
    {
        if (usage is not null)
        {
            GeminiUsage.Write(json, usage);
        }
    }

    private static float[] ReadVector(JsonElement embedding)
    {
        if (embedding.ValueKind != JsonValueKind.Object
            || !embedding.TryGetProperty("values"u8, out var values) || values.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("an embedding has no values");
        }

        var vector = new float[values.GetArrayLength()];
        var index = 0;
        foreach (var value in values.EnumerateArray())
        {
            vector[index++] = value.ValueKind == JsonValueKind.Number
                ? value.GetSingle()
                : throw new JsonException("an embedding has a value that is no number");
        }

        return vector;
    }
}
