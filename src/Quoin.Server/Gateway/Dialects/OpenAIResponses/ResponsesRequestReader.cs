using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Reads a response request for translation. Hints, which change no answer and are left out when another dialect
/// has no place for them: store (nothing is stored either way), metadata, service_tier, prompt_cache_key,
/// prompt_cache_retention, prompt_cache_options, max_tool_calls (it counts OpenAI's own tools, which are refused),
/// stream_options.include_obfuscation, and of include what OpenAI's own tools or the encrypted thoughts would add.
/// user and safety_identifier name the end user.
/// </summary>
internal static class ResponsesRequestReader
{
    private const string KeepsNothing = "names what is kept by OpenAI, and nothing is kept here: send the whole "
        + "conversation in input";

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

        var turns = new List<Turn>();
        if (draft.Instructions is { } instructions)
        {
            const string Path = "instructions";
            turns.Add(new Turn(Role.System, [new TextPart(instructions) { Path = Path }], Path));
        }

        turns.AddRange(draft.Input ?? throw JsonFields.Missing("input"));
        return new ChatRequest
        {
            Model = envelope.Model,
            Stream = envelope.Stream,
            Turns = turns,
            Tools = draft.Tools,
            ToolChoice = draft.ToolChoice,
            ParallelToolCalls = draft.ParallelToolCalls,
            Output = draft.Output,
            MaxTokens = draft.MaxTokens,
            Temperature = draft.Temperature,
            TopP = draft.TopP,
            TopLogProbs = draft.IncludeLogProbs || draft.TopLogProbs > 0 ? draft.TopLogProbs ?? 0 : null,
            Reasoning = draft.Reasoning,
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
            case "input":
                draft.Input = ResponsesInputReader.Read(value);
                break;
            case "instructions":
                draft.Instructions = JsonFields.StringOrNull(value, name);
                break;
            case "tools":
                draft.Tools = value.ValueKind == JsonValueKind.Null ? [] : ResponsesToolReader.ReadTools(value);
                break;
            case "tool_choice":
                draft.ToolChoice = ResponsesToolReader.ReadChoice(value);
                break;
            case "parallel_tool_calls":
                draft.ParallelToolCalls = JsonFields.BooleanOrNull(value, name);
                break;
            case "text":
                draft.Output = ResponsesTextReader.Read(value);
                break;
            case "reasoning":
                draft.Reasoning = ReadReasoning(value);
                break;
            case "user" or "safety_identifier":
                draft.EndUser ??= JsonFields.StringOrNull(value, name);
                break;
            case "max_output_tokens":
                draft.MaxTokens = JsonFields.IntegerOrNull(value, name, 1);
                break;
            case "temperature":
                draft.Temperature = JsonFields.NumberOrNull(value, name, 0, 2);
                break;
            case "top_p":
                draft.TopP = JsonFields.NumberOrNull(value, name, 0, 1);
                break;
            case "top_logprobs":
                draft.TopLogProbs = JsonFields.IntegerOrNull(value, name, 0, 20);
                break;
            case "include":
                draft.IncludeLogProbs = ReadInclude(value);
                break;
            case "stream_options":
                ReadStreamOptions(value);
                break;
            case "store" or "metadata" or "service_tier" or "prompt_cache_key" or "prompt_cache_retention"
                or "prompt_cache_options" or "max_tool_calls":
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
            "background" => value.ValueKind == JsonValueKind.False,
            "truncation" => value.ValueKind == JsonValueKind.String && value.ValueEquals("disabled"),
            _ => false,
        };
        if (isDefault)
        {
            return;
        }

        throw name switch
        {
            "previous_response_id" or "conversation" or "prompt" => JsonFields.Unsupported(name, KeepsNothing),
            "background" => JsonFields.Unsupported(name, "must be false: no response is kept to be fetched later"),
            "truncation" => JsonFields.Unsupported(name, "must be disabled for this model's provider"),
            "context_management" or "moderation" => JsonFields.Unsupported(
                name, "cannot be translated for this model's provider"),
            _ => JsonFields.Unknown(name),
        };
    }

    private static bool ReadInclude(JsonElement value)
    {
        var logProbs = false;
        if (value.ValueKind == JsonValueKind.Null)
        {
            return logProbs;
        }

        foreach (var (i, name) in JsonFields.Strings(value, "include").Index())
        {
            switch (name)
            {
                case "message.output_text.logprobs":
                    logProbs = true;
                    break;
                case "reasoning.encrypted_content" or "message.input_image.image_url"
                    or "file_search_call.results" or "web_search_call.results" or "web_search_call.action.sources"
                    or "computer_call_output.output.image_url" or "code_interpreter_call.outputs":
                    break;
                default:
                    throw JsonFields.Unsupported($"include[{i}]", "is not known to be something to include");
            }
        }

        return logProbs;
    }

    private static void ReadStreamOptions(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        foreach (var option in JsonFields.Object(value, "stream_options").EnumerateObject())
        {
            if (option.Name != "include_obfuscation")
            {
                throw JsonFields.Unknown("stream_options." + option.Name);
            }

            JsonFields.BooleanOrNull(option.Value, "stream_options.include_obfuscation");
        }
    }

    private static Reasoning? ReadReasoning(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        ReasoningEffort? effort = null;
        bool? summary = null;
        foreach (var field in JsonFields.Object(value, "reasoning").EnumerateObject())
        {
            var path = "reasoning." + field.Name;
            switch (field.Name)
            {
                case "effort":
                    effort = ReadEffort(JsonFields.StringOrNull(field.Value, path));
                    break;
                case "summary" or "generate_summary":
                    summary = JsonFields.StringOrNull(field.Value, path) switch
                    {
                        null => summary,
                        "auto" or "concise" or "detailed" => true,
                        _ => throw JsonFields.Unsupported(path, "must be one of auto, concise, detailed"),
                    };
                    break;
                case "context" when JsonFields.StringOrNull(field.Value, path) is null or "auto":
                case "mode" when JsonFields.StringOrNull(field.Value, path) is null or "standard":
                    break;
                case "context" or "mode":
                    throw JsonFields.Unsupported(path, "cannot be translated for this model's provider");
                default:
                    throw JsonFields.Unknown(path);
            }
        }

        return effort is null && summary is null ? null : new Reasoning(effort, null, summary);
    }

    private static ReasoningEffort? ReadEffort(string? effort) => effort switch
    {
        null => null,
        "none" => ReasoningEffort.None,
        "minimal" => ReasoningEffort.Minimal,
        "low" => ReasoningEffort.Low,
        "medium" => ReasoningEffort.Medium,
        "high" => ReasoningEffort.High,
        "xhigh" or "max" => ReasoningEffort.Max,
        _ => throw JsonFields.Unsupported(
            "reasoning.effort", "must be one of none, minimal, low, medium, high, xhigh, max"),
    };

    /// <summary>Fields as they are found; a request when all are read.</summary>
    private sealed class Draft
    {
        public string? Instructions { get; set; }

        public IReadOnlyList<Turn>? Input { get; set; }

        public IReadOnlyList<Tool> Tools { get; set; } = [];

        public ToolChoice? ToolChoice { get; set; }

        public bool? ParallelToolCalls { get; set; }

        public OutputFormat? Output { get; set; }

        public int? MaxTokens { get; set; }

        public double? Temperature { get; set; }

        public double? TopP { get; set; }

        public int? TopLogProbs { get; set; }

        public bool IncludeLogProbs { get; set; }

        public Reasoning? Reasoning { get; set; }

        public string? EndUser { get; set; }
    }
}
