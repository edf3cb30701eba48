using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>The <c>logprobs</c> of an output text, an array that is empty where none were asked for.</summary>
internal static class ResponsesLogProbs
{
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogProb>? tokens)
    {
        writer.WriteStartArray("logprobs"u8);
        foreach (var token in tokens ?? [])
        {
            writer.WriteStartObject();
            WriteToken(writer, token);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var top in token.Top ?? [])
            {
                writer.WriteStartObject();
                WriteToken(writer, top);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Null where there are none.</summary>
    public static List<TokenLogProb>? Read(JsonElement part)
    {
        List<TokenLogProb>? tokens = null;
        foreach (var item in ResponsesJson.Items(part, "logprobs"))
        {
            (tokens ??= []).Add(ReadToken(item) with
            {
                Top = [.. ResponsesJson.Items(item, "top_logprobs").Select(ReadToken)],
            });
        }

        return tokens;
    }

    private static void WriteToken(Utf8JsonWriter writer, TokenLogProb token)
    {
        writer.WriteString("token"u8, token.Token);
        writer.WriteNumber("logprob"u8, token.LogProb);
        writer.WriteStartArray("bytes"u8);
        foreach (var b in token.Bytes ?? System.Text.Encoding.UTF8.GetBytes(token.Token))
        {
            writer.WriteNumberValue(b);
        }

        writer.WriteEndArray();
    }

    private static TokenLogProb ReadToken(JsonElement item) => new(
        ResponsesJson.Text(item, "token") ?? "",
        ResponsesJson.Find(item, "logprob") is { ValueKind: JsonValueKind.Number } number
            ? JsonNumbers.Finite(number)
            : 0,
        ResponsesJson.Find(item, "bytes").ValueKind == JsonValueKind.Array
            ? [.. ResponsesJson.Items(item, "bytes").Select(b => b.GetByte())]
            : null);
}
