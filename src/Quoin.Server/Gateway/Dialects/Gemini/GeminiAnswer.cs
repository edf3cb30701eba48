using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// The pieces of a GenerateContentResponse that whole answers and chunks share. A signature of a text is written on
/// an empty text part after it, as Gemini streams it. A call whose arguments are no JSON object cannot be said: it
/// is left out and the answer ends as MALFORMED_FUNCTION_CALL, as Gemini's own does.
/// </summary>
internal static class GeminiAnswer
{
    public static void WriteTextPart(Utf8JsonWriter json, string text, bool thought = false, string? signature = null)
    {
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        if (thought)
        {
            json.WriteBoolean("thought"u8, true);
        }

        if (signature is not null)
        {
            json.WriteString("thoughtSignature"u8, signature);
        }

        json.WriteEndObject();
    }

    /// <summary>The arguments are known to be an object.</summary>
    public static void WriteCallPart(Utf8JsonWriter json, ToolCallPart call)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionCall"u8);
        if (call.Id.Length > 0 && !GeminiCallIds.IsMade(call.Id))
        {
            json.WriteString("id"u8, call.Id);
        }

        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("args"u8);
        GeminiArguments.TryWrite(json, call.Arguments);
        json.WriteEndObject();
        if (call.Signature is not null)
        {
            json.WriteString("thoughtSignature"u8, call.Signature);
        }

        json.WriteEndObject();
    }

    /// <summary>The ending, given whether a call had to be left out.</summary>
    public static ResponseFinished Ending(ResponseFinished finished, bool leftOut) =>
        leftOut && finished.Reason is (FinishReason.ToolCalls or FinishReason.Stop)
            ? new ResponseFinished(
                FinishReason.Malformed, null, "the model called a function with arguments that are no JSON object")
            : finished;

    public static void WriteFinish(Utf8JsonWriter json, ResponseFinished finished)
    {
        var (reason, message) = GeminiFinish.Write(finished);
        json.WriteString("finishReason"u8, reason);
        if (message is not null)
        {
            json.WriteString("finishMessage"u8, message);
        }
    }

    public static void WriteBlocked(Utf8JsonWriter json, string reason, string? message)
    {
        json.WriteStartObject("promptFeedback"u8);
        json.WriteString("blockReason"u8, reason);
        if (message is not null)
        {
            json.WriteString("blockReasonMessage"u8, message);
        }

        json.WriteEndObject();
    }

    public static void WriteLogProbs(Utf8JsonWriter json, IReadOnlyList<TokenLogProb> logProbs)
    {
        json.WriteStartObject("logprobsResult"u8);
        json.WriteStartArray("chosenCandidates"u8);
        foreach (var token in logProbs)
        {
            WriteToken(json, token);
        }

        json.WriteEndArray();
        if (logProbs.Any(token => token.Top is not null))
        {
            json.WriteStartArray("topCandidates"u8);
            foreach (var token in logProbs)
            {
                json.WriteStartObject();
                json.WriteStartArray("candidates"u8);
                foreach (var other in token.Top ?? [])
                {
                    WriteToken(json, other);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, TokenLogProb token)
    {
        json.WriteStartObject();
        json.WriteString("token"u8, token.Token);
        json.WriteNumber("logProbability"u8, token.LogProb);
        json.WriteEndObject();
    }
}
