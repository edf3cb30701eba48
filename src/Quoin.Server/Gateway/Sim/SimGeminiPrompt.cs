using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The prompt of a Gemini request; the API takes camelCase and snake_case names alike.</summary>
internal static class SimGeminiPrompt
{
    public static void Read(JsonElement body, SimPrompt prompt)
    {
        // countTokens may wrap the whole request.
        if (SimJson.Find(body, "generateContentRequest", "generate_content_request") is { } wrapped)
        {
            body = wrapped;
        }

        if (SimJson.Find(body, "systemInstruction", "system_instruction") is { } system)
        {
            prompt.BeginTurn(SimTurn.System);
            SimPromptReader.AddContent(SimJson.Find(system, "parts"), prompt);
        }

        foreach (var content in SimPromptReader.Array(body, "contents").EnumerateArray())
        {
            ReadContent(content, prompt);
        }

        foreach (var tool in SimJson.Items(body, "tools"))
        {
            foreach (var function in SimJson.Items(tool, "functionDeclarations", "function_declarations"))
            {
                var parameters = SimJson.Find(function, "parametersJsonSchema", "parameters_json_schema")
                    ?? SimJson.Find(function, "parameters");
                prompt.AddTool(function, parameters, SimJson.Text(function, "name"));
            }
        }

        if (SimJson.Find(body, "toolConfig", "tool_config") is { } toolConfig
            && SimJson.Find(toolConfig, "functionCallingConfig", "function_calling_config") is { } calling)
        {
            prompt.ToolChoice = ReadChoice(calling);
        }

        if (SimJson.Find(body, "generationConfig", "generation_config") is { } config)
        {
            ReadConfig(config, prompt);
        }
    }

    private static void ReadContent(JsonElement content, SimPrompt prompt)
    {
        prompt.BeginTurn(SimJson.Text(content, "role") == "model" ? SimTurn.Assistant : SimTurn.User);
        var result = false;
        foreach (var part in SimJson.Items(content, "parts"))
        {
            if (SimJson.Find(part, "functionResponse", "function_response") is not null)
            {
                prompt.AddJson(part);
                result = true;
            }
            else if (SimJson.Find(part, "functionCall", "function_call") is not null)
            {
                prompt.AddJson(part);
            }
            else
            {
                SimPromptReader.AddPart(part, prompt);
            }
        }

        if (result)
        {
            prompt.MarkToolResult();
        }
    }

    private static ToolChoice? ReadChoice(JsonElement calling)
    {
        var choice = SimPromptReader.Choice(SimJson.Text(calling, "mode")?.ToLowerInvariant());
        var allowed = SimJson.Strings(calling, "allowedFunctionNames", "allowed_function_names");
        return choice is null || allowed.Count == 0 ? choice : choice with { Allowed = allowed };
    }

    private static void ReadConfig(JsonElement config, SimPrompt prompt)
    {
        prompt.MaxTokens = SimJson.Integer(config, "maxOutputTokens", "max_output_tokens");
        prompt.Stop = SimJson.Strings(config, "stopSequences", "stop_sequences");
        prompt.Temperature = SimJson.Number(config, "temperature");
        prompt.TopP = SimJson.Number(config, "topP", "top_p");
        if (SimJson.Text(config, "responseMimeType", "response_mime_type") == "application/json")
        {
            var schema = SimJson.Find(config, "responseJsonSchema", "response_json_schema")
                ?? SimJson.Find(config, "responseSchema", "response_schema");
            prompt.Output = new OutputFormat(schema ?? default);
        }

        if (SimJson.Find(config, "thinkingConfig", "thinking_config") is { } thinking)
        {
            var budget = SimJson.Integer(thinking, "thinkingBudget", "thinking_budget");
            var show = SimJson.Boolean(thinking, "includeThoughts", "include_thoughts") == true;
            var level = SimPromptReader.Effort(SimJson.Text(thinking, "thinkingLevel", "thinking_level"));
            if (budget != 0 && (budget is not null || show || level is not null))
            {
                prompt.Reasoning = level ?? new Reasoning(null, budget);
                prompt.ShowThoughts = show;
            }
        }
    }
}
