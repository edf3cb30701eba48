using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Reads <c>generationConfig</c>.</summary>
internal static class GeminiConfigReader
{
    public static ChatRequest Read(GeminiField config, ChatRequest request)
    {
        string? type = null;
        GeminiField? schema = null;
        (bool Wanted, GeminiField? Count) logProbs = (false, null);
        foreach (var field in GeminiFields.Of(config.Value, config.Path))
        {
            switch (field.Name)
            {
                case "responseMimeType":
                    type = JsonFields.String(field.Value, field.Path);
                    break;
                case "responseSchema" or "responseJsonSchema":
                    schema = schema is null ? field : throw JsonFields.Unsupported(
                        field.Path, "cannot be given together with another schema");
                    break;
                case "responseLogprobs":
                    logProbs.Wanted = JsonFields.Boolean(field.Value, field.Path);
                    break;
                case "logprobs":
                    logProbs.Count = field;
                    break;
                case "thinkingConfig":
                    request = request with { Reasoning = ReadThinking(field) };
                    break;
                default:
                    request = ReadPlain(field, request);
                    break;
            }
        }

        return request with { Output = ReadOutput(type, schema, config.Path), TopLogProbs = ReadLogProbs(logProbs) };
    }

    private static ChatRequest ReadPlain(GeminiField field, ChatRequest request)
    {
        var (value, path) = (field.Value, field.Path);
        switch (field.Name)
        {
            case "temperature":
                return request with { Temperature = JsonFields.NumberOrNull(value, path, 0, 2) };
            case "topP":
                return request with { TopP = JsonFields.NumberOrNull(value, path, 0, 1) };
            case "topK":
                return request with { TopK = Whole(value, path, 1) };
            case "maxOutputTokens":
                return request with { MaxTokens = Whole(value, path, 1) };
            case "stopSequences":
                return request with
                {
                    Stop = [.. GeminiFields.Items(value, path).Select(i => JsonFields.String(i.Value, i.Path))],
                };
            case "seed":
                return request with { Seed = JsonFields.LongOrNull(value, path) };
            case "presencePenalty":
                return request with { PresencePenalty = JsonFields.NumberOrNull(value, path, -2, 2) };
            case "frequencyPenalty":
                return request with { FrequencyPenalty = JsonFields.NumberOrNull(value, path, -2, 2) };
            case "mediaResolution":
                return request;
            default:
                CheckDefault(field);
                return request;
        }
    }

    // Fields that other providers have no word for: accepted with the API's own default, else refused by name.
    private static void CheckDefault(GeminiField field)
    {
        switch (field.Name)
        {
            case "candidateCount":
                if (JsonFields.IntegerOrNull(field.Value, field.Path) is not (null or 0 or 1))
                {
                    throw JsonFields.Unsupported(field.Path, "can only be 1 for this model's provider");
                }

                break;
            case "responseModalities":
                foreach (var (item, path) in GeminiFields.Items(field.Value, field.Path))
                {
                    if (!JsonFields.String(item, path).Equals("TEXT", StringComparison.OrdinalIgnoreCase))
                    {
                        throw JsonFields.Unsupported(path, "can only be TEXT for this model's provider");
                    }
                }

                break;
            case "enableEnhancedCivicAnswers" or "audioTimestamp" or "enableAffectiveDialog":
                if (JsonFields.Boolean(field.Value, field.Path))
                {
                    throw JsonFields.Unsupported(field.Path, "can only be false for this model's provider");
                }

                break;
            default:
                throw JsonFields.Unknown(field.Path);
        }
    }

    // Clients of typed languages write whole numbers as 40.0, which Google's servers read.
    private static int? Whole(JsonElement value, string path, int min) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number)
        && number >= min && number <= int.MaxValue && number == Math.Floor(number)
            ? (int)number
            : JsonFields.IntegerOrNull(value, path, min);

    private static OutputFormat? ReadOutput(string? type, GeminiField? schema, string path)
    {
        switch (type)
        {
            case null or "" or "text/plain" when schema is null:
                return null;
            case null or "" or "application/json":
                break;
            default:
                throw JsonFields.Unsupported(
                    path + ".responseMimeType",
                    "must be text/plain, or application/json with or without a schema, for this model's provider");
        }

        return schema is not { } field ? new OutputFormat(default) : new OutputFormat(
            field.Name == "responseSchema"
                ? GeminiSchema.ToJsonSchema(field.Value, field.Path)
                : JsonFields.Object(field.Value, field.Path));
    }

    private static int? ReadLogProbs((bool Wanted, GeminiField? Count) logProbs)
    {
        if (logProbs.Count is not { } field)
        {
            return logProbs.Wanted ? 0 : null;
        }

        var count = JsonFields.IntegerOrNull(field.Value, field.Path, 0, 20);
        return logProbs.Wanted || count is null or 0
            ? logProbs.Wanted ? count ?? 0 : null
            : throw JsonFields.Unsupported(field.Path, "can only be given with responseLogprobs: true");
    }

    private static Reasoning? ReadThinking(GeminiField config)
    {
        int? budget = null;
        ReasoningEffort? effort = null;
        bool? thoughts = null;
        foreach (var field in GeminiFields.Of(config.Value, config.Path))
        {
            switch (field.Name)
            {
                case "thinkingBudget":
                    budget = JsonFields.IntegerOrNull(field.Value, field.Path, -1);
                    break;
                case "thinkingLevel":
                    effort = ReadLevel(field);
                    break;
                case "includeThoughts":
                    thoughts = JsonFields.Boolean(field.Value, field.Path);
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        if (budget is not null && effort is not null)
        {
            throw JsonFields.Unsupported(
                config.Path + ".thinkingBudget", "cannot be given together with thinkingLevel");
        }

        return budget switch
        {
            -1 => new Reasoning(null, null, thoughts),
            0 => new Reasoning(ReasoningEffort.None, null, thoughts),
            _ => (budget, effort, thoughts) is (null, null, null) ? null : new Reasoning(effort, budget, thoughts),
        };
    }

    private static ReasoningEffort? ReadLevel(GeminiField field) =>
        JsonFields.String(field.Value, field.Path).ToUpperInvariant() switch
        {
            "THINKING_LEVEL_UNSPECIFIED" => null,
            "MINIMAL" => ReasoningEffort.Minimal,
            "LOW" => ReasoningEffort.Low,
            "MEDIUM" => ReasoningEffort.Medium,
            "HIGH" => ReasoningEffort.High,
            _ => throw JsonFields.Unsupported(field.Path, "must be one of MINIMAL, LOW, MEDIUM, HIGH"),
        };
}
