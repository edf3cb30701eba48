using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Writes a whole answer as one GenerateContentResponse.</summary>
internal static class GeminiResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(output, (response, context), static (json, state) =>
        {
            var (answer, about) = state;
            json.WriteStartObject();
            var finished = new ResponseFinished(answer.Finish, answer.StopSequence, answer.FinishDetail);
            if (GeminiFinish.IsBlocked(finished, out var reason, out var message))
            {
                GeminiAnswer.WriteBlocked(json, reason, message);
            }
            else
            {
                WriteCandidate(json, answer, finished);
            }

            if (answer.Usage is { } usage)
            {
                GeminiUsage.Write(json, usage);
            }

            json.WriteString("modelVersion"u8, answer.Model ?? about.Model);
            json.WriteString("responseId"u8, answer.Id ?? about.RequestId);
            json.WriteEndObject();
        });

    private static void WriteCandidate(Utf8JsonWriter json, ChatResponse answer, ResponseFinished finished)
    {
        json.WriteStartArray("candidates"u8);
        json.WriteStartObject();
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        var leftOut = false;
        foreach (var part in answer.Parts)
        {
            leftOut |= !TryWritePart(json, part);
        }

        json.WriteEndArray();
        json.WriteString("role"u8, "model"u8);
        json.WriteEndObject();
        GeminiAnswer.WriteFinish(json, GeminiAnswer.Ending(finished, leftOut));
        json.WriteNumber("index"u8, 0);
        if (answer.LogProbs is { Count: > 0 } logProbs)
        {
            GeminiAnswer.WriteLogProbs(json, logProbs);
        }

        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static bool TryWritePart(Utf8JsonWriter json, Part part)
    {
        switch (part)
        {
            case TextPart text:
                GeminiAnswer.WriteTextPart(json, text.Text);
                return true;
            case RefusalPart refusal:
                GeminiAnswer.WriteTextPart(json, refusal.Text);
                return true;
            case ReasoningPart reasoning:
                GeminiAnswer.WriteTextPart(json, reasoning.Text, !reasoning.Redacted, reasoning.Signature);
                return true;
            case ToolCallPart call when GeminiArguments.AreObject(call.Arguments):
                GeminiAnswer.WriteCallPart(json, call);
                return true;
            default:
                return part is not ToolCallPart;
        }
    }
}
