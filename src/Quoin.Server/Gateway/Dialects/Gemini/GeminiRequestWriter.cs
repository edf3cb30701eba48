using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Writes a generateContent request; model and stream are in the path. Schemas go out as JSON Schema
/// (<c>parametersJsonSchema</c>, <c>responseJsonSchema</c>). Left out by design: the end user's name, a schema's
/// name and its strict flag (Gemini always keeps to a response's schema), see docs/dialects/gemini.md.
/// </summary>
internal static class GeminiRequestWriter
{
    /// <summary>Google's limit of stopSequences.</summary>
    private const int StopSequences = 5;

    public static void Write(ChatRequest request, UpstreamTraits upstream, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (request, upstream), static (json, state) =>
        {
            json.WriteStartObject();
            WriteFields(json, state.request, state.upstream);
            json.WriteEndObject();
        });

    /// <summary>The fields of the request, without the braces.</summary>
    public static void WriteFields(Utf8JsonWriter json, ChatRequest request, UpstreamTraits upstream)
    {
        new GeminiContentWriter(json, upstream.Model).Write(request.Turns);
        if (request.Tools.Count > 0)
        {
            WriteTools(json, request.Tools);
            WriteToolChoice(json, request.ToolChoice);
            if (request.ParallelToolCalls == false && !HoldsToOne(request))
            {
                throw new UntranslatableException(
                    ChatField.ParallelToolCalls, null, "Gemini cannot be held to one tool call an answer");
            }
        }

        json.WriteStartObject("generationConfig"u8);
        WriteSampling(json, request);
        WriteOutput(json, request.Output);
        GeminiThinking.Write(json, request.Reasoning, upstream.Model);
        json.WriteEndObject();
    }

    /// <summary>
    /// No call, or one forced function: Gemini's own choice then says all that the wish for single calls does.
    /// </summary>
    private static bool HoldsToOne(ChatRequest request) => request.ToolChoice switch
    {
        { Mode: ToolChoiceMode.None } => true,
        { Mode: ToolChoiceMode.Required } choice => (choice.Allowed?.Count ?? request.Tools.Count) == 1,
        _ => false,
    };

    private static void WriteTools(Utf8JsonWriter json, IReadOnlyList<Tool> tools)
    {
        json.WriteStartArray("tools"u8);
        json.WriteStartObject();
        json.WriteStartArray("functionDeclarations"u8);
        foreach (var tool in tools)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, tool.Name);
            if (tool.Description is not null)
            {
                json.WriteString("description"u8, tool.Description);
            }

            if (tool.Parameters.ValueKind != JsonValueKind.Undefined)
            {
                json.WritePropertyName("parametersJsonSchema"u8);
                tool.Parameters.WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteToolChoice(Utf8JsonWriter json, ToolChoice? choice)
    {
        if (choice is null)
        {
            return;
        }

        var allowed = choice.Mode == ToolChoiceMode.None ? null : choice.Allowed;
        json.WriteStartObject("toolConfig"u8);
        json.WriteStartObject("functionCallingConfig"u8);
        json.WriteString("mode"u8, choice.Mode switch
        {
            ToolChoiceMode.None => "NONE"u8,
            ToolChoiceMode.Required => "ANY"u8,
            // A free choice among some of the functions exists in this mode only.
            _ when allowed is not null => "VALIDATED"u8,
            _ => "AUTO"u8,
        });
        if (allowed is not null)
        {
            json.WriteStartArray("allowedFunctionNames"u8);
            foreach (var name in allowed)
            {
                json.WriteStringValue(name);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSampling(Utf8JsonWriter json, ChatRequest request)
    {
        WriteNumber(json, "temperature"u8, request.Temperature, 0, 2, ChatField.Temperature);
        WriteNumber(json, "topP"u8, request.TopP, 0, 1, ChatField.TopP);
        WriteNumber(json, "topK"u8, request.TopK, 1, int.MaxValue, ChatField.TopK);
        WriteNumber(json, "maxOutputTokens"u8, request.MaxTokens, 1, int.MaxValue, ChatField.MaxTokens);
        WriteNumber(json, "presencePenalty"u8, request.PresencePenalty, -2, 2, ChatField.PresencePenalty);
        WriteNumber(json, "frequencyPenalty"u8, request.FrequencyPenalty, -2, 2, ChatField.FrequencyPenalty);
        WriteNumber(json, "seed"u8, request.Seed, int.MinValue, int.MaxValue, ChatField.Seed);
        if (request.Stop.Count > StopSequences)
        {
            throw new UntranslatableException(
                ChatField.Stop, null, $"Gemini takes at most {StopSequences} stop sequences");
        }

        if (request.Stop.Count > 0)
        {
            json.WriteStartArray("stopSequences"u8);
            foreach (var stop in request.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        if (request.TopLogProbs is { } top)
        {
            json.WriteBoolean("responseLogprobs"u8, true);
            if (top > 0)
            {
                WriteNumber(json, "logprobs"u8, top, 1, 20, ChatField.LogProbs);
            }
        }
    }

    private static void WriteNumber(
        Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value, double min, double max, ChatField field)
    {
        if (value is not { } number)
        {
            return;
        }

        if (number < min || number > max)
        {
            throw new UntranslatableException(field, null, $"Gemini takes values from {min} to {max}");
        }

        if (number == Math.Floor(number))
        {
            json.WriteNumber(name, (long)number);
        }
        else
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteOutput(Utf8JsonWriter json, OutputFormat? format)
    {
        if (format is null)
        {
            return;
        }

        json.WriteString("responseMimeType"u8, "application/json"u8);
        if (format.HasSchema)
        {
            json.WritePropertyName("responseJsonSchema"u8);
            format.Schema.WriteTo(json);
        }
    }
}
