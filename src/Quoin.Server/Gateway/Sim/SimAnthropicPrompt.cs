using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Sim;

/// <summary>The prompt of an Anthropic messages or count_tokens request.</summary>
internal static class SimAnthropicPrompt
{
    public static void Read(JsonElement body, SimPrompt prompt, SimOperation operation)
    {
        prompt.MaxTokens = SimJson.Integer(body, "max_tokens");
        if (prompt.MaxTokens is null && operation == SimOperation.Chat)
        {
            throw JsonFields.Missing("max_tokens");
        }

        if (SimJson.Find(body, "system") is { } system)
        {
            prompt.BeginTurn(SimTurn.System);
            SimPromptReader.AddContent(system, prompt);
        }

        foreach (var message in SimPromptReader.Array(body, "messages").EnumerateArray())
        {
            ReadMessage(message, prompt);
        }

        foreach (var tool in SimJson.Items(body, "tools"))
        {
            // Tools that run at the provider have a type of their own and no schema; they are never called here.
            var schema = SimJson.Find(tool, "input_schema");
            prompt.AddTool(tool, schema, schema is null ? null : SimJson.Text(tool, "name"));
        }

        if (SimJson.Find(body, "tool_choice") is { } choice)
        {
            prompt.ToolChoice = SimJson.Text(choice, "type") == "tool" && SimJson.Text(choice, "name") is { } name
                ? new ToolChoice(ToolChoiceMode.Required, [name])
                : SimPromptReader.Choice(SimJson.Text(choice, "type"));
            prompt.ParallelToolCalls = !(SimJson.Boolean(choice, "disable_parallel_tool_use") ?? false);
        }

        prompt.Stop = SimJson.Strings(body, "stop_sequences");
        prompt.Temperature = SimJson.Number(body, "temperature");
        prompt.TopP = SimJson.Number(body, "top_p");
        if (SimJson.Find(body, "thinking") is { } thinking
            && SimJson.Text(thinking, "type") is "enabled" or "adaptive")
        {
            prompt.Reasoning = new Reasoning(null, SimJson.Integer(thinking, "budget_tokens"));
            prompt.ShowThoughts = true;
        }

        var format = SimJson.Find(body, "output_config") is { } config
            ? SimJson.Find(config, "format")
            : SimJson.Find(body, "output_format");
        if (format is { } wanted && SimJson.Find(wanted, "schema") is { } outputSchema)
        {
            prompt.Output = new OutputFormat(outputSchema);
        }
    }

    private static void ReadMessage(JsonElement message, SimPrompt prompt)
    {
        prompt.BeginTurn(SimJson.Text(message, "role") == "assistant" ? SimTurn.Assistant : SimTurn.User);
        if (SimJson.Find(message, "content") is not { ValueKind: JsonValueKind.Array } content)
        {
            SimPromptReader.AddContent(SimJson.Find(message, "content"), prompt);
            return;
        }

        var result = false;
        foreach (var block in content.EnumerateArray())
        {
            switch (SimJson.Text(block, "type"))
            {
                case "tool_result":
                    prompt.AddJson(block);
                    result = true;
                    break;
                case "tool_use" or "thinking" or "redacted_thinking":
                    prompt.AddJson(block);
                    break;
                default:
                    SimPromptReader.AddPart(block, prompt);
                    break;
            }
        }

        if (result)
        {
            prompt.MarkToolResult();
        }
    }
}
