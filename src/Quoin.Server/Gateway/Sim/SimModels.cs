using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>Lists of models. Calls to any other name are answered too, so that it can stand for any provider.</summary>
internal static class SimModels
{
    public static readonly IReadOnlyList<string> Names = ["sim", "sim-mini", "sim-embedding"];

    /// <summary>Both are the date of nothing in particular, and never change.</summary>
    private const long CreatedUnixSeconds = 1735689600;
    private const string Created = "2025-01-01T00:00:00Z";

    public static void Answer(SimRoute route, IBufferWriter<byte> output)
    {
        var name = route.Model is { } model && model.StartsWith("models/", StringComparison.Ordinal)
            ? model["models/".Length..]
            : route.Model;
        if (name is not null && !Names.Contains(name, StringComparer.Ordinal))
        {
            throw new GatewayException(new GatewayError(
                GatewayErrorKind.NotFound, $"The model '{name}' does not exist. Models: {string.Join(", ", Names)}")
            {
                Param = "model",
                Code = "model_not_found",
            });
        }

        JsonOutput.Write(output, (route.Shape, name), static (writer, state) =>
        {
            if (state.name is not null)
            {
                WriteModel(writer, state.Shape, state.name);
                return;
            }

            writer.WriteStartObject();
            if (state.Shape == SimShape.OpenAIModels)
            {
                writer.WriteString("object", "list");
            }

            writer.WriteStartArray(state.Shape == SimShape.Gemini ? "models" : "data");
            foreach (var each in Names)
            {
                WriteModel(writer, state.Shape, each);
            }

            writer.WriteEndArray();
            if (state.Shape == SimShape.Anthropic)
            {
                writer.WriteBoolean("has_more", false);
                writer.WriteString("first_id", Names[0]);
                writer.WriteString("last_id", Names[^1]);
            }

            writer.WriteEndObject();
        });
    }

    private static void WriteModel(Utf8JsonWriter writer, SimShape shape, string name)
    {
        writer.WriteStartObject();
        switch (shape)
        {
            case SimShape.Gemini:
                writer.WriteString("name", "models/" + name);
                writer.WriteString("version", "1");
                writer.WriteString("displayName", name);
                writer.WriteNumber("inputTokenLimit", 1048576);
                writer.WriteNumber("outputTokenLimit", 100000);
                writer.WriteStartArray("supportedGenerationMethods");
                writer.WriteStringValue("generateContent");
                writer.WriteStringValue("countTokens");
                writer.WriteStringValue("embedContent");
                writer.WriteEndArray();
                break;
            case SimShape.Anthropic:
                writer.WriteString("type", "model");
                writer.WriteString("id", name);
                writer.WriteString("display_name", name);
                writer.WriteString("created_at", Created);
                break;
            default:
                writer.WriteString("id", name);
                writer.WriteString("object", "model");
                writer.WriteNumber("created", CreatedUnixSeconds);
                writer.WriteString("owned_by", "quoin");
                break;
        }

        writer.WriteEndObject();
    }
}
