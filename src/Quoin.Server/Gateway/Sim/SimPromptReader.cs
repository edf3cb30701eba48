using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>
/// Reads what the simulated model needs from a request of any shape, and passes over all else, as a provider's
/// newest fields must not stop it. Only what every real provider demands is refused: a model, a conversation, and
/// for Anthropic a token limit.
/// </summary>
internal static class SimPromptReader
{
    public static SimPrompt Read(SimRoute route, JsonElement body, long seed)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw GatewayException.Invalid(null, "The body must be a JSON object");
        }

        var prompt = new SimPrompt(seed)
        {
            Stream = route.Stream || SimJson.Boolean(body, "stream") == true,
            Model = SimJson.Text(body, "model") ?? route.Model ?? throw JsonFields.Missing("model"),
        };
        switch (route.Shape)
        {
            case SimShape.Anthropic:
                SimAnthropicPrompt.Read(body, prompt, route.Operation);
                break;
            case SimShape.Gemini:
                SimGeminiPrompt.Read(body, prompt);
                break;
            case SimShape.OpenAIResponses:
                SimResponsesPrompt.Read(body, prompt);
                break;
            case SimShape.OpenAICompletions:
                ReadCompletions(body, prompt);
                break;
            default:
                SimOpenAIPrompt.Read(body, prompt);
                break;
        }

        return prompt;
    }

    /// <summary>Adds text given as a string or as a list of parts.</summary>
    public static void AddContent(JsonElement? content, SimPrompt prompt)
    {
        if (content is not { } value)
        {
            return;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            prompt.AddText(value);
            return;
        }

        foreach (var part in value.EnumerateArray())
        {
            AddPart(part, prompt);
        }
    }

    public static void AddPart(JsonElement part, SimPrompt prompt)
    {
        if (SimJson.Find(part, "text") is { } text)
        {
            prompt.AddText(text);
        }
        else if (part.ValueKind == JsonValueKind.String)
        {
            prompt.AddText(part);
        }
        else
        {
            prompt.AddMedia(part);
        }
    }

    public static JsonElement Array(JsonElement body, string name) => SimJson.Find(body, name) switch
    {
        null => throw JsonFields.Missing(name),
        { } value => JsonFields.Array(value, name),
    };

    /// <summary>OpenAI's words auto, none and required.</summary>
    public static ToolChoice? Choice(string? word) => word switch
    {
        "none" => new ToolChoice(ToolChoiceMode.None),
        "required" or "any" => new ToolChoice(ToolChoiceMode.Required),
        "auto" => new ToolChoice(ToolChoiceMode.Auto),
        _ => null,
    };

    public static Reasoning? Effort(string? word) => word is not null
        && Enum.TryParse<ReasoningEffort>(word, ignoreCase: true, out var effort) && effort != ReasoningEffort.None
            ? new Reasoning(effort)
            : null;

    private static void ReadCompletions(JsonElement body, SimPrompt prompt)
    {
        prompt.BeginTurn(SimTurn.User);
        var text = SimJson.Find(body, "prompt") ?? throw JsonFields.Missing("prompt");
        AddContent(text, prompt);
        prompt.MaxTokens = SimJson.Integer(body, "max_tokens");
        SimOpenAIPrompt.ReadStop(body, prompt);
        SimOpenAIPrompt.ReadStreamOptions(body, prompt);
    }
}
