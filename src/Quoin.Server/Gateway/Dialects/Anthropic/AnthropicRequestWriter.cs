using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Writes a request for /v1/messages, or the smaller one for count_tokens. Penalties, seed and log-probabilities,
/// temperatures above 1, JSON without a schema and a choice among some of the tools cannot be said. Messages are
/// written by <see cref="AnthropicContentWriter"/>, tools by <see cref="AnthropicToolWriter"/>.
/// </summary>
internal static class AnthropicRequestWriter
{
    /// <summary>Longer user ids are not taken; being a hint they are then left out.</summary>
    private const int LongestUserId = 256;

    public static void Write(ChatRequest request, UpstreamTraits upstream, bool counting, IBufferWriter<byte> output)
    {
        if (!counting)
        {
            RefuseUnsayable(request);
        }

        var thinking = AnthropicThinkingWriter.Of(request, upstream, counting);
        var content = new AnthropicContentWriter(request);
        JsonOutput.Write(
            output,
            (request, upstream, counting, thinking, content),
            static (writer, state) =>
            {
                writer.WriteStartObject();
                writer.WriteString("model"u8, state.upstream.Model);
                if (!state.counting)
                {
                    WriteGeneration(writer, state.request, state.upstream, state.thinking.MaxTokens);
                }

                state.content.WriteSystem(writer);
                state.content.WriteMessages(writer);
                AnthropicToolWriter.WriteTools(writer, state.request);
                AnthropicToolWriter.WriteChoice(writer, state.request);
                state.thinking.Write(writer);
                WriteOutputConfig(writer, state.request.Output, state.thinking.Effort);
                writer.WriteEndObject();
            });
    }

    private static void RefuseUnsayable(ChatRequest request)
    {
        Refuse(request.FrequencyPenalty is not (null or 0), ChatField.FrequencyPenalty, "Anthropic has no penalties");
        Refuse(request.PresencePenalty is not (null or 0), ChatField.PresencePenalty, "Anthropic has no penalties");
        Refuse(request.Seed is not null, ChatField.Seed, "Anthropic has no seed");
        Refuse(request.TopLogProbs is not null, ChatField.LogProbs, "Anthropic gives no log-probabilities");
        Refuse(request.Temperature is < 0 or > 1, ChatField.Temperature, "Anthropic takes 0 to 1");
        Refuse(request.TopP is < 0 or > 1, ChatField.TopP, "Anthropic takes 0 to 1");
        Refuse(request.TopK < 0, ChatField.TopK, "Anthropic takes no negative number");
        Refuse(request.MaxTokens < 1, ChatField.MaxTokens, "must be at least 1");
        Refuse(
            request.Stop.Any(string.IsNullOrWhiteSpace),
            ChatField.Stop,
            "Anthropic takes no stop sequence of nothing but white space");
    }

    private static void Refuse(bool unsayable, ChatField field, string reason)
    {
        if (unsayable)
        {
            throw new UntranslatableException(field, null, reason);
        }
    }

    private static void WriteGeneration(
        Utf8JsonWriter writer, ChatRequest request, UpstreamTraits upstream, int maxTokens)
    {
        writer.WriteNumber("max_tokens"u8, maxTokens);
        if (upstream.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
        }

        if (request.Temperature is { } temperature)
        {
            writer.WriteNumber("temperature"u8, temperature);
        }

        if (request.TopP is { } topP)
        {
            writer.WriteNumber("top_p"u8, topP);
        }

        if (request.TopK is { } topK)
        {
            writer.WriteNumber("top_k"u8, topK);
        }

        if (request.Stop.Count > 0)
        {
            writer.WriteStartArray("stop_sequences"u8);
            foreach (var sequence in request.Stop)
            {
                writer.WriteStringValue(sequence);
            }

            writer.WriteEndArray();
        }

        if (request.EndUser is { Length: > 0 and <= LongestUserId } user)
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("user_id"u8, user);
            writer.WriteEndObject();
        }
    }

    private static void WriteOutputConfig(Utf8JsonWriter writer, OutputFormat? output, string? effort)
    {
        if (output is null && effort is null)
        {
            return;
        }

        writer.WriteStartObject("output_config"u8);
        if (effort is not null)
        {
            writer.WriteString("effort"u8, effort);
        }

        if (output is not null)
        {
            if (!output.HasSchema)
            {
                throw new UntranslatableException(
                    ChatField.OutputFormat, null, "Anthropic writes JSON by a schema only; give one");
            }

            writer.WriteStartObject("format"u8);
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WritePropertyName("schema"u8);
            WriteSchema(writer, output);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// A format's description is meant for the model and has its place in the schema; its name is only a label.
    /// </summary>
    private static void WriteSchema(Utf8JsonWriter writer, OutputFormat output)
    {
        var schema = output.Schema;
        if (output.Description is not { Length: > 0 } description || schema.ValueKind != JsonValueKind.Object
            || schema.TryGetProperty("description"u8, out _))
        {
            schema.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("description"u8, description);
        foreach (var field in schema.EnumerateObject())
        {
            field.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
