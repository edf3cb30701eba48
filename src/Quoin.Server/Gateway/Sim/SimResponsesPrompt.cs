using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The prompt of an OpenAI responses request.</summary>
internal static class SimResponsesPrompt
{
    public static void Read(JsonElement body, SimPrompt prompt)
    {
        if (SimJson.Find(body, "instructions") is { } instructions)
        {
            prompt.BeginTurn(SimTurn.System);
            prompt.AddText(instructions);
            prompt.Instructions = SimJson.Text(body, "instructions");
        }

        ReadInput(SimJson.Find(body, "input") ?? throw JsonFields.Missing("input"), prompt);
        foreach (var tool in SimJson.Items(body, "tools"))
        {
            if (SimJson.Text(tool, "type") == "function")
            {
                prompt.AddTool(tool, SimJson.Find(tool, "parameters"), SimJson.Text(tool, "name"));
            }
        }

        prompt.ToolChoice = ReadChoice(SimJson.Find(body, "tool_choice"));
        prompt.ParallelToolCalls = SimJson.Boolean(body, "parallel_tool_calls");
        prompt.MaxTokens = SimJson.Integer(body, "max_output_tokens");
        prompt.Temperature = SimJson.Number(body, "temperature");
        prompt.TopP = SimJson.Number(body, "top_p");
        if (SimJson.Find(body, "reasoning") is { } reasoning)
        {
            prompt.Reasoning = SimPromptReader.Effort(SimJson.Text(reasoning, "effort"));
            prompt.ShowThoughts = SimJson.Text(reasoning, "summary", "generate_summary") is not null;
        }

        if (SimJson.Find(body, "text") is { } text && SimJson.Find(text, "format") is { } format)
        {
            prompt.Output = SimJson.Text(format, "type") switch
            {
                "json_schema" => new OutputFormat(
                    SimJson.Find(format, "schema") ?? default,
                    SimJson.Text(format, "name"),
                    SimJson.Text(format, "description"),
                    SimJson.Boolean(format, "strict")),
                "json_object" => new OutputFormat(default),
                _ => null,
            };
        }
    }

    private static void ReadInput(JsonElement input, SimPrompt prompt)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            prompt.BeginTurn(SimTurn.User);
            prompt.AddText(input);
            return;
        }

        foreach (var item in JsonFields.Array(input, "input").EnumerateArray())
        {
            switch (SimJson.Text(item, "type") ?? "message")
            {
                case "message":
                    prompt.BeginTurn(SimJson.Text(item, "role") switch
                    {
                        "system" or "developer" => SimTurn.System,
                        "assistant" => SimTurn.Assistant,
                        _ => SimTurn.User,
                    });
                    SimPromptReader.AddContent(SimJson.Find(item, "content"), prompt);
                    break;
                case "function_call_output":
                    prompt.BeginTurn(SimTurn.ToolResult);
                    SimPromptReader.AddContent(SimJson.Find(item, "output"), prompt);
                    break;
                default:
                    prompt.BeginTurn(SimTurn.Assistant);
                    prompt.AddJson(item);
                    break;
            }
        }
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

        if (SimJson.Text(value, "name") is { } name)
        {
            return new ToolChoice(ToolChoiceMode.Required, [name]);
        }

        var names = new List<string>();
        foreach (var tool in SimJson.Items(value, "tools"))
        {
            if (SimJson.Text(tool, "name") is { } allowed)
            {
                names.Add(allowed);
            }
        }

        return SimPromptReader.Choice(SimJson.Text(value, "mode")) is { } mode ? mode with { Allowed = names } : null;
    }
}
