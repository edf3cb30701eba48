using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The prompt of an OpenAI chat request.</summary>
internal static class SimOpenAIPrompt
{
    public static void Read(JsonElement body, SimPrompt prompt)
    {
        foreach (var message in SimPromptReader.Array(body, "messages").EnumerateArray())
        {
            prompt.BeginTurn(SimJson.Text(message, "role") switch
            {
                "system" or "developer" => SimTurn.System,
                "assistant" => SimTurn.Assistant,
                "tool" or "function" => SimTurn.ToolResult,
                _ => SimTurn.User,
            });
            SimPromptReader.AddContent(SimJson.Find(message, "content"), prompt);
            if (SimJson.Find(message, "tool_calls") is { } calls)
            {
                prompt.AddJson(calls);
            }
        }

        foreach (var tool in SimJson.Items(body, "tools"))
        {
            if (SimJson.Find(tool, "function") is { } function)
            {
                prompt.AddTool(function, SimJson.Find(function, "parameters"), SimJson.Text(function, "name"));
            }
        }

        prompt.ToolChoice = ReadChoice(SimJson.Find(body, "tool_choice"));
        prompt.ParallelToolCalls = SimJson.Boolean(body, "parallel_tool_calls");
        prompt.MaxTokens = SimJson.Integer(body, "max_completion_tokens", "max_tokens");
        prompt.Temperature = SimJson.Number(body, "temperature");
        prompt.TopP = SimJson.Number(body, "top_p");
        prompt.TopLogProbs = SimJson.Boolean(body, "logprobs") == true
            ? SimJson.Integer(body, "top_logprobs") ?? 0
            : null;
        prompt.Reasoning = SimPromptReader.Effort(SimJson.Text(body, "reasoning_effort"));
        prompt.ShowThoughts = prompt.Reasoning is not null;
        prompt.Output = ReadFormat(body);
        ReadStop(body, prompt);
        ReadStreamOptions(body, prompt);
    }

    public static void ReadStop(JsonElement body, SimPrompt prompt) =>
        prompt.Stop = SimJson.Text(body, "stop") is { } one ? [one] : SimJson.Strings(body, "stop");

    public static void ReadStreamOptions(JsonElement body, SimPrompt prompt) =>
        prompt.IncludeUsage = SimJson.Find(body, "stream_options") is { } options
            && SimJson.Boolean(options, "include_usage") == true;

    private static OutputFormat? ReadFormat(JsonElement body)
    {
        if (SimJson.Find(body, "response_format") is not { } format)
        {
            return null;
        }

        return SimJson.Text(format, "type") switch
        {
            "json_schema" when SimJson.Find(format, "json_schema") is { } named =>
                new OutputFormat(SimJson.Find(named, "schema") ?? default),
            "json_object" => new OutputFormat(default),
            _ => null,
        };
    }

    private static ToolChoice? ReadChoice(JsonElement? choice)
    {
        if (choice is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return SimPromptReader.Choice(value.GetString());
        }

        if (SimJson.Find(value, "function") is { } function && SimJson.Text(function, "name") is { } name)
        {
            return new ToolChoice(ToolChoiceMode.Required, [name]);
        }

        if (SimJson.Find(value, "allowed_tools") is not { } allowed)
        {
            return null;
        }

        var names = new List<string>();
        foreach (var tool in SimJson.Items(allowed, "tools"))
        {
            if (SimJson.Find(tool, "function") is { } named && SimJson.Text(named, "name") is { } allowedName)
            {
                names.Add(allowedName);
            }
        }

        return SimPromptReader.Choice(SimJson.Text(allowed, "mode")) is { } mode ? mode with { Allowed = names } : null;
    }
}
