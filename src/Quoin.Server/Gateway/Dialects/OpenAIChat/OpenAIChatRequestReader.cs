using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Reads a chat completions request for translation. Hints, which change no answer and are left out when another
/// dialect has no place for them: user, safety_identifier, prompt_cache_key, prompt_cache_retention, metadata, store,
/// service_tier, prediction, and cache_control on a part.
/// </summary>
internal static class OpenAIChatRequestReader
{
    public static ChatRequest Read(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        var draft = new Draft();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!seen.Add(property.Name))
            {
                throw GatewayException.Invalid(property.Name, $"{property.Name} is given twice", "duplicate_field");
            }

            ReadField(draft, property.Name, property.Value);
        }

        if (draft.TopLogProbs is not null && !draft.LogProbs)
        {
            throw JsonFields.Unsupported("top_logprobs", "needs logprobs to be true");
        }

        return new ChatRequest
        {
            Model = envelope.Model,
            Stream = envelope.Stream,
            Turns = draft.Turns ?? throw JsonFields.Missing("messages"),
            Tools = draft.Tools,
            ToolChoice = draft.ToolChoice,
            ParallelToolCalls = draft.ParallelToolCalls,
            Output = draft.Output,
            MaxTokens = draft.MaxTokens,
            Stop = draft.Stop,
            Temperature = draft.Temperature,
            TopP = draft.TopP,
            TopK = draft.TopK,
            FrequencyPenalty = draft.FrequencyPenalty,
            PresencePenalty = draft.PresencePenalty,
            Seed = draft.Seed,
            TopLogProbs = draft.LogProbs ? draft.TopLogProbs ?? 0 : null,
            Reasoning = draft.Reasoning,
            IncludeUsage = draft.IncludeUsage,
            EndUser = draft.EndUser,
            Backing = document,
        };
    }

    private static void ReadField(Draft draft, string name, JsonElement value)
    {
        switch (name)
        {
            case "model" or "stream":
                break;
            case "messages":
                draft.Turns = OpenAIChatMessageReader.Read(value);
                break;
            case "tools":
                draft.Tools = value.ValueKind == JsonValueKind.Null ? [] : OpenAIChatToolReader.ReadTools(value);
                break;
            case "tool_choice":
                draft.ToolChoice = OpenAIChatToolReader.ReadChoice(value);
                break;
            case "parallel_tool_calls":
                draft.ParallelToolCalls = JsonFields.BooleanOrNull(value, name);
                break;
            case "response_format":
                draft.Output = ReadFormat(value);
                break;
            case "stop":
                draft.Stop = ReadStop(value);
                break;
            case "reasoning_effort":
                draft.Reasoning = ReadEffort(JsonFields.StringOrNull(value, name));
                break;
            case "stream_options":
                ReadStreamOptions(draft, value);
                break;
            case "user" or "safety_identifier":
                draft.EndUser ??= JsonFields.StringOrNull(value, name);
                break;
            case "prompt_cache_key" or "prompt_cache_retention" or "metadata" or "store" or "service_tier"
                or "prediction":
                break;
            default:
                ReadSampling(draft, name, value);
                break;
        }
    }

    private static void ReadSampling(Draft draft, string name, JsonElement value)
    {
        switch (name)
        {
            case "max_tokens" or "max_completion_tokens":
                draft.MaxTokens = JsonFields.IntegerOrNull(value, name, 1) ?? draft.MaxTokens;
                break;
            case "temperature":
                draft.Temperature = JsonFields.NumberOrNull(value, name, 0, 2);
                break;
            case "top_p":
                draft.TopP = JsonFields.NumberOrNull(value, name, 0, 1);
                break;
            case "top_k":
                draft.TopK = JsonFields.IntegerOrNull(value, name);
                break;
            case "frequency_penalty":
                draft.FrequencyPenalty = JsonFields.NumberOrNull(value, name, -2, 2);
                break;
            case "presence_penalty":
                draft.PresencePenalty = JsonFields.NumberOrNull(value, name, -2, 2);
                break;
            case "seed":
                draft.Seed = JsonFields.LongOrNull(value, name);
                break;
            case "logprobs":
                draft.LogProbs = JsonFields.BooleanOrNull(value, name) ?? false;
                break;
            case "top_logprobs":
                draft.TopLogProbs = JsonFields.IntegerOrNull(value, name, 0, 20);
                break;
            default:
                ReadDefaultOnly(name, value);
                break;
        }
    }

    /// <summary>Fields that no other dialect has: their default is accepted, anything else refused.</summary>
    private static void ReadDefaultOnly(string name, JsonElement value)
    {
        var isDefault = value.ValueKind == JsonValueKind.Null || name switch
        {
            "n" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n == 1,
            "logit_bias" => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any(),
            "verbosity" => value.ValueKind == JsonValueKind.String && value.ValueEquals("medium"),
            "modalities" => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1
                && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text"),
            _ => false,
        };
        if (isDefault)
        {
            return;
        }

        throw name switch
        {
            "n" => JsonFields.Unsupported(name, "must be 1 for this model's provider"),
            "modalities" => JsonFields.Unsupported(name, "must be [\"text\"] for this model's provider"),
            "logit_bias" or "verbosity" or "audio" or "web_search_options" => JsonFields.Unsupported(
                name, "cannot be translated for this model's provider"),
            "functions" or "function_call" => JsonFields.Unsupported(
                name, "is out of date and cannot be translated: use tools and tool_choice"),
            _ => JsonFields.Unknown(name),
        };
    }

    private static void ReadStreamOptions(Draft draft, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        foreach (var option in JsonFields.Object(value, "stream_options").EnumerateObject())
        {
            switch (option.Name)
            {
                case "include_usage":
                    draft.IncludeUsage =
                        JsonFields.BooleanOrNull(option.Value, "stream_options.include_usage") ?? false;
                    break;
                case "include_obfuscation":
                    break;
                default:
                    throw JsonFields.Unknown("stream_options." + option.Name);
            }
        }
    }

    private static List<string> ReadStop(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.String => [value.GetString()!],
        _ => [.. JsonFields.Strings(value, "stop")],
    };

    private static Reasoning? ReadEffort(string? effort) => effort switch
    {
        null => null,
        "none" => new Reasoning(ReasoningEffort.None),
        "minimal" => new Reasoning(ReasoningEffort.Minimal),
        "low" => new Reasoning(ReasoningEffort.Low),
        "medium" => new Reasoning(ReasoningEffort.Medium),
        "high" => new Reasoning(ReasoningEffort.High),
        "xhigh" or "max" => new Reasoning(ReasoningEffort.Max),
        _ => throw JsonFields.Unsupported(
            "reasoning_effort", "must be one of none, minimal, low, medium, high, xhigh"),
    };

    private static OutputFormat? ReadFormat(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        const string Path = "response_format";
        var type = JsonFields.Object(value, Path).TryGetProperty("type", out var t)
            ? JsonFields.String(t, Path + ".type")
            : throw JsonFields.Missing(Path + ".type");
        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                return new OutputFormat(default);
            case "json_schema" when value.TryGetProperty("json_schema", out var schema):
                return ReadSchema(JsonFields.Object(schema, Path + ".json_schema"));
            case "json_schema":
                throw JsonFields.Missing(Path + ".json_schema");
            default:
                throw JsonFields.Unsupported(Path + ".type", "must be one of text, json_object, json_schema");
        }
    }

    private static OutputFormat ReadSchema(JsonElement value)
    {
        const string Path = "response_format.json_schema";
        var format = new OutputFormat(default);
        foreach (var property in value.EnumerateObject())
        {
            format = property.Name switch
            {
                "name" => format with { Name = JsonFields.String(property.Value, Path + ".name") },
                "description" => format with
                {
                    Description = JsonFields.StringOrNull(property.Value, Path + ".description"),
                },
                "strict" => format with { Strict = JsonFields.BooleanOrNull(property.Value, Path + ".strict") },
                "schema" => format with { Schema = JsonFields.Object(property.Value, Path + ".schema") },
                _ => throw JsonFields.Unknown(Path + "." + property.Name),
            };
        }

        return format;
    }

    /// <summary>Fields as they are found; a request when all are read.</summary>
    private sealed class Draft
    {
        public IReadOnlyList<Turn>? Turns { get; set; }

        public IReadOnlyList<Tool> Tools { get; set; } = [];

        public ToolChoice? ToolChoice { get; set; }

        public bool? ParallelToolCalls { get; set; }

        public OutputFormat? Output { get; set; }

        public int? MaxTokens { get; set; }

        public IReadOnlyList<string> Stop { get; set; } = [];

        public double? Temperature { get; set; }

        public double? TopP { get; set; }

        public int? TopK { get; set; }

        public double? FrequencyPenalty { get; set; }

        public double? PresencePenalty { get; set; }

        public long? Seed { get; set; }

        public bool LogProbs { get; set; }

        public int? TopLogProbs { get; set; }

        public Reasoning? Reasoning { get; set; }

        public bool IncludeUsage { get; set; }

        public string? EndUser { get; set; }
    }
}
