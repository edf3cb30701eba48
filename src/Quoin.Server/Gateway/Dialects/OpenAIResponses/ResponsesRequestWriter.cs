using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Writes a response request. Nothing is to be stored upstream (store: false), so thoughts are asked for in their
/// encrypted form. A single leading instruction becomes <c>instructions</c>, all others system messages.
/// </summary>
internal static class ResponsesRequestWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request, UpstreamTraits upstream)
    {
        RefuseUnknownFields(request);
        writer.WriteStartObject();
        writer.WriteString("model"u8, upstream.Model);
        WriteTurns(writer, request.Turns);
        ResponsesToolWriter.Write(writer, request);
        WriteSampling(writer, request);
        if (request.Output is not null)
        {
            writer.WriteStartObject("text"u8);
            WriteFormat(writer, request.Output);
            writer.WriteEndObject();
        }

        WriteReasoning(writer, request.Reasoning);
        WriteInclude(writer, request);
        writer.WriteBoolean("store"u8, false);
        if (request.EndUser is { } user)
        {
            writer.WriteString("user"u8, user);
        }

        if (upstream.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
        }

        writer.WriteEndObject();
    }

    /// <summary><c>"format": …</c>, as a request and a response have it under <c>text</c>.</summary>
    public static void WriteFormat(Utf8JsonWriter writer, OutputFormat? output)
    {
        writer.WriteStartObject("format"u8);
        if (output is not { HasSchema: true })
        {
            writer.WriteString("type"u8, output is null ? "text"u8 : "json_object"u8);
            writer.WriteEndObject();
            return;
        }

        writer.WriteString("type"u8, "json_schema"u8);
        writer.WriteString("name"u8, output.Name ?? "response");
        if (output.Description is { } description)
        {
            writer.WriteString("description"u8, description);
        }

        if (output.Strict is { } strict)
        {
            writer.WriteBoolean("strict"u8, strict);
        }

        writer.WritePropertyName("schema"u8);
        output.Schema.WriteTo(writer);
        writer.WriteEndObject();
    }

    public static string? EffortName(Reasoning? reasoning)
    {
        var effort = reasoning?.Effort
            ?? (reasoning?.BudgetTokens is { } budget ? ReasoningEffortExtensions.FromBudget(budget) : null);
        return effort switch
        {
            null => null,
            ReasoningEffort.None => "none",
            ReasoningEffort.Minimal => "minimal",
            ReasoningEffort.Low => "low",
            ReasoningEffort.Medium => "medium",
            ReasoningEffort.High => "high",
            _ => "xhigh",
        };
    }

    private static void RefuseUnknownFields(ChatRequest request)
    {
        Refuse(request.Stop.Count > 0, ChatField.Stop);
        Refuse(request.TopK is not null, ChatField.TopK);
        Refuse(request.FrequencyPenalty is not (null or 0), ChatField.FrequencyPenalty);
        Refuse(request.PresencePenalty is not (null or 0), ChatField.PresencePenalty);
        Refuse(request.Seed is not null, ChatField.Seed);
    }

    private static void Refuse(bool given, ChatField field)
    {
        if (given)
        {
            throw new UntranslatableException(field, null, "OpenAI's responses API has no such parameter");
        }
    }

    private static void WriteTurns(Utf8JsonWriter writer, IReadOnlyList<Turn> turns)
    {
        var first = 0;
        if (turns is [{ Role: Role.System, Parts: [TextPart instructions] }, ..]
            && (turns.Count == 1 || turns[1].Role != Role.System))
        {
            writer.WriteString("instructions"u8, instructions.Text);
            first = 1;
        }

        writer.WriteStartArray("input"u8);
        for (var i = first; i < turns.Count; i++)
        {
            ResponsesItemWriter.Write(writer, turns[i]);
        }

        writer.WriteEndArray();
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.MaxTokens is { } maxTokens)
        {
            writer.WriteNumber("max_output_tokens"u8, maxTokens);
        }

        if (request.Temperature is { } temperature)
        {
            writer.WriteNumber("temperature"u8, temperature);
        }

        if (request.TopP is { } topP)
        {
            writer.WriteNumber("top_p"u8, topP);
        }

        if (request.TopLogProbs is { } alternatives)
        {
            writer.WriteNumber("top_logprobs"u8, alternatives);
        }
    }

    private static void WriteReasoning(Utf8JsonWriter writer, Reasoning? reasoning)
    {
        var effort = EffortName(reasoning);
        if (effort is null && reasoning?.IncludeThoughts != true)
        {
            return;
        }

        writer.WriteStartObject("reasoning"u8);
        if (effort is not null)
        {
            writer.WriteString("effort"u8, effort);
        }

        if (reasoning!.IncludeThoughts == true)
        {
            writer.WriteString("summary"u8, "auto"u8);
        }

        writer.WriteEndObject();
    }

    private static void WriteInclude(Utf8JsonWriter writer, ChatRequest request)
    {
        var thoughts = request.Reasoning is not null && EffortName(request.Reasoning) != "none";
        if (!thoughts && request.TopLogProbs is null)
        {
            return;
        }

        writer.WriteStartArray("include"u8);
        if (thoughts)
        {
            writer.WriteStringValue("reasoning.encrypted_content"u8);
        }

        if (request.TopLogProbs is not null)
        {
            writer.WriteStringValue("message.output_text.logprobs"u8);
        }

        writer.WriteEndArray();
    }
}
