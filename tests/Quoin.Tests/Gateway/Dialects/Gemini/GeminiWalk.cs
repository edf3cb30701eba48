using System.Text.Json.Nodes;

namespace Quoin.Tests.Gateway.Dialects.Gemini;

/// <summary>
/// Content by a walk over all parts; partial arguments by setting each value at its path in a tree.
/// </summary>
internal sealed class GeminiWalk
{
    private JsonObject? _open;

    public GeminiWalk(string[] payloads)
    {
        foreach (var payload in payloads)
        {
            var root = JsonNode.Parse(payload)!;
            Model ??= (string?)root["modelVersion"];
            foreach (var part in root["candidates"]?[0]?["content"]?["parts"]?.AsArray() ?? [])
            {
                Add(part!);
            }

            if (root["usageMetadata"]?["promptTokenCount"] is { } prompt)
            {
                var usage = root["usageMetadata"]!;
                var thoughts = (int?)usage["thoughtsTokenCount"];
                Usage = $"{(int)prompt} {(int)usage["candidatesTokenCount"]! + (thoughts ?? 0)} {thoughts}";
            }
        }

        Calls = [.. Names.Zip(Arguments, (name, arguments) => name + arguments.ToJsonString())];
    }

    public string Text { get; private set; } = "";

    public string Thoughts { get; private set; } = "";

    public List<string> Signatures { get; } = [];

    public List<string> Calls { get; }

    public string Usage { get; private set; } = "";

    public string? Model { get; }

    private List<string> Names { get; } = [];

    private List<JsonObject> Arguments { get; } = [];

    private void Add(JsonNode part)
    {
        if (part["text"] is { } text)
        {
            Text += (bool?)part["thought"] == true ? "" : (string)text!;
            Thoughts += (bool?)part["thought"] == true ? (string)text! : "";
        }

        if (part["thoughtSignature"] is { } signature)
        {
            Signatures.Add((string)signature!);
        }

        if (part["functionCall"] is { } call)
        {
            if (call["name"] is { } name)
            {
                Names.Add((string)name!);
                Arguments.Add(_open = (JsonObject?)call["args"]?.DeepClone() ?? []);
            }

            foreach (var piece in call["partialArgs"]?.AsArray() ?? [])
            {
                Set(_open!, piece!);
            }
        }
    }

    private static void Set(JsonObject root, JsonNode piece)
    {
        var steps = ((string)piece["jsonPath"]!)[2..].Replace("[", ".[").Split('.');
        JsonNode node = root;
        for (var i = 0; i < steps.Length; i++)
        {
            var last = i == steps.Length - 1;
            JsonNode Make() => last ? "" : steps[i + 1][0] == '[' ? new JsonArray() : new JsonObject();
            if (node is JsonArray array)
            {
                var index = int.Parse(steps[i].Trim('[', ']'));
                if (index == array.Count)
                {
                    array.Add(Make());
                }

                steps[i] = index.ToString();
            }
            else if (node[steps[i]] is null)
            {
                node[steps[i]] = Make();
            }

            if (!last)
            {
                node = node is JsonArray list ? list[int.Parse(steps[i])]! : node[steps[i]]!;
                continue;
            }

            var old = node is JsonArray values ? values[int.Parse(steps[i])] : node[steps[i]];
            var value = piece["stringValue"] is { } text
                ? JsonValue.Create((string)old! + (string)text!)
                : piece["numberValue"]!.DeepClone();
            if (node is JsonArray target)
            {
                target[int.Parse(steps[i])] = value;
            }
            else
            {
                node[steps[i]] = value;
            }
        }
    }
}
