using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Writes a chat completions request. A stream always asks for its usage, for the gateway needs it; the client's
/// own wish is kept by the stream writer on its side.
/// </summary>
internal static class OpenAIChatRequestWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request, UpstreamTraits upstream)
    {
        writer.WriteStartObject();
        writer.WriteString("model"u8, upstream.Model);
        writer.WriteStartArray("messages"u8);
        foreach (var turn in request.Turns)
        {
            OpenAIChatMessageWriter.Write(writer, turn, upstream);
        }

        writer.WriteEndArray();
        WriteTools(writer, request);
        WriteFormat(writer, request.Output);
        WriteSampling(writer, request, upstream);
        if (upstream.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
            writer.WriteStartObject("stream_options"u8);
            writer.WriteBoolean("include_usage"u8, true);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, UpstreamTraits upstream)
    {
        if (request.MaxTokens is { } maxTokens)
        {
            writer.WriteNumber(upstream.MaxCompletionTokens ? "max_completion_tokens"u8 : "max_tokens"u8, maxTokens);
        }

        if (request.TopK is not null && !upstream.CompatibleServer)
        {
            throw new UntranslatableException(ChatField.TopK, null, "OpenAI has no such parameter");
        }

        WriteNumber(writer, "temperature"u8, request.Temperature);
        WriteNumber(writer, "top_p"u8, request.TopP);
        WriteNumber(writer, "top_k"u8, request.TopK);
        WriteNumber(writer, "frequency_penalty"u8, request.FrequencyPenalty);
        WriteNumber(writer, "presence_penalty"u8, request.PresencePenalty);
        if (request.Seed is { } seed)
        {
            writer.WriteNumber("seed"u8, seed);
        }

        if (request.Stop.Count > 0)
        {
            writer.WriteStartArray("stop"u8);
            foreach (var stop in request.Stop)
            {
                writer.WriteStringValue(stop);
            }

            writer.WriteEndArray();
        }

        if (request.TopLogProbs is { } alternatives)
        {
            writer.WriteBoolean("logprobs"u8, true);
            writer.WriteNumber("top_logprobs"u8, alternatives);
        }

        WriteEffort(writer, request.Reasoning);
        if (request.EndUser is { } user)
        {
            writer.WriteString("user"u8, user);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void WriteEffort(Utf8JsonWriter writer, Reasoning? reasoning)
    {
        var effort = reasoning?.Effort
            ?? (reasoning?.BudgetTokens is { } budget ? ReasoningEffortExtensions.FromBudget(budget) : null);
        if (effort is { } value)
        {
            writer.WriteString("reasoning_effort"u8, value switch
            {
                ReasoningEffort.None => "none"u8,
                ReasoningEffort.Minimal => "minimal"u8,
                ReasoningEffort.Low => "low"u8,
                ReasoningEffort.Medium => "medium"u8,
                ReasoningEffort.High => "high"u8,
                _ => "xhigh"u8,
            });
        }
    }

    private static void WriteFormat(Utf8JsonWriter writer, OutputFormat? output)
    {
        if (output is null)
        {
            return;
        }

        writer.WriteStartObject("response_format"u8);
        if (!output.HasSchema)
        {
            writer.WriteString("type"u8, "json_object"u8);
            writer.WriteEndObject();
            return;
        }

        writer.WriteString("type"u8, "json_schema"u8);
        writer.WriteStartObject("json_schema"u8);
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
        writer.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count > 0)
        {
            writer.WriteStartArray("tools"u8);
            foreach (var tool in request.Tools)
            {
                WriteTool(writer, tool);
            }

            writer.WriteEndArray();
        }

        if (request.ToolChoice is { } choice)
        {
            WriteChoice(writer, choice);
        }

        if (request.ParallelToolCalls is { } parallel)
        {
            writer.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    private static void WriteTool(Utf8JsonWriter writer, Tool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function"u8);
        writer.WriteStartObject("function"u8);
        writer.WriteString("name"u8, tool.Name);
        if (tool.Description is { } description)
        {
            writer.WriteString("description"u8, description);
        }

        if (tool.Parameters.ValueKind != JsonValueKind.Undefined)
        {
            writer.WritePropertyName("parameters"u8);
            tool.Parameters.WriteTo(writer);
        }

        if (tool.Strict is { } strict)
        {
            writer.WriteBoolean("strict"u8, strict);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice)
    {
        writer.WritePropertyName("tool_choice"u8);
        if (choice.Allowed is null)
        {
            writer.WriteStringValue(Mode(choice.Mode));
            return;
        }

        writer.WriteStartObject();
        if (choice is { Mode: ToolChoiceMode.Required, Allowed: [var only] })
        {
            WriteFunction(writer, only);
        }
        else
        {
            writer.WriteString("type"u8, "allowed_tools"u8);
            writer.WriteStartObject("allowed_tools"u8);
            writer.WriteString("mode"u8, Mode(choice.Mode));
            writer.WriteStartArray("tools"u8);
            foreach (var name in choice.Allowed)
            {
                writer.WriteStartObject();
                WriteFunction(writer, name);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteFunction(Utf8JsonWriter writer, string name)
    {
        writer.WriteString("type"u8, "function"u8);
        writer.WriteStartObject("function"u8);
        writer.WriteString("name"u8, name);
        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> Mode(ToolChoiceMode mode) => mode switch
    {
        ToolChoiceMode.None => "none"u8,
        ToolChoiceMode.Required => "required"u8,
        _ => "auto"u8,
    };
}
