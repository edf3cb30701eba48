using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Writes the response object, which repeats the settings it was made with as far as a translated request knows
/// them. What the client left to the provider's default is null; store is false because nothing is stored.
/// </summary>
internal static class ResponsesBodyWriter
{
    /// <param name="status">Null: as the answer ended.</param>
    public static void Write(
        Utf8JsonWriter writer, ResponsesOutput output, AnswerContext context, string? status = null)
    {
        var finish = output.Finished?.Reason ?? FinishReason.Stop;
        var refusal = output.HasRefusalText;
        var ended = status is null;
        writer.WriteStartObject();
        writer.WriteString("id"u8, output.Id);
        writer.WriteString("object"u8, "response"u8);
        writer.WriteNumber("created_at"u8, output.Started.CreatedUnixSeconds ?? context.CreatedUnixSeconds);
        writer.WriteString("status"u8, status ?? ResponsesFinish.Status(finish, refusal));
        writer.WriteBoolean("background"u8, false);
        WriteEnding(writer, ended ? output.Finished : null, refusal);
        writer.WriteString("model"u8, output.Started.Model ?? context.Model);
        writer.WriteStartArray("output"u8);
        if (ended)
        {
            output.Items.ForEach(item => ResponsesOutputItems.Write(writer, item));
        }

        writer.WriteEndArray();
        WriteSettings(writer, context.Request);
        writer.WritePropertyName("usage"u8);
        ResponsesUsage.Write(writer, ended ? output.Usage : null);
        writer.WriteEndObject();
    }

    private static void WriteEnding(Utf8JsonWriter writer, ResponseFinished? finished, bool refusal)
    {
        if (finished is { Reason: FinishReason.Malformed })
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, "server_error"u8);
            writer.WriteString("message"u8, finished.Detail ?? "the model wrote what its provider could not use");
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("error"u8);
        }

        if (finished is not null && ResponsesFinish.IncompleteReason(finished.Reason, refusal) is { } reason)
        {
            writer.WriteStartObject("incomplete_details"u8);
            writer.WriteString("reason"u8, reason);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("incomplete_details"u8);
        }
    }

    private static void WriteSettings(Utf8JsonWriter writer, ChatRequest request)
    {
        var instructions = request.Turns is [{ Role: Role.System, Path: "instructions", Parts: [TextPart text] }, ..]
            ? text.Text
            : null;
        writer.WriteString("instructions"u8, instructions);
        WriteNumber(writer, "max_output_tokens"u8, request.MaxTokens);
        writer.WriteNull("max_tool_calls"u8);
        writer.WriteStartObject("metadata"u8);
        writer.WriteEndObject();
        writer.WriteNull("previous_response_id"u8);
        writer.WriteStartObject("reasoning"u8);
        writer.WriteString("effort"u8, ResponsesRequestWriter.EffortName(request.Reasoning));
        writer.WriteString("summary"u8, request.Reasoning?.IncludeThoughts == true ? "auto" : null);
        writer.WriteEndObject();
        writer.WriteBoolean("store"u8, false);
        WriteNumber(writer, "temperature"u8, request.Temperature);
        writer.WriteStartObject("text"u8);
        ResponsesRequestWriter.WriteFormat(writer, request.Output);
        writer.WriteString("verbosity"u8, "medium"u8);
        writer.WriteEndObject();
        ResponsesToolWriter.WriteEcho(writer, request);
        writer.WriteNumber("top_logprobs"u8, request.TopLogProbs ?? 0);
        WriteNumber(writer, "top_p"u8, request.TopP);
        writer.WriteString("truncation"u8, "disabled"u8);
        writer.WriteString("user"u8, request.EndUser);
    }

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
