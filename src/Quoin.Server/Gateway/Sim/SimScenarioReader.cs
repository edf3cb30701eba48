using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Quoin.Server.Gateway.Sim;

/// <summary>All faults of a scenario file, each with its place and what is accepted there.</summary>
#pragma warning disable CA1032 // Made in one way only.
internal sealed class SimScenarioException(IReadOnlyList<string> errors) : Exception(string.Join('\n', errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}

/// <summary>Reads a scenario file; every fault in it is reported, not only the first.</summary>
internal sealed class SimScenarioReader
{
    private const int MaxFileBytes = 256 * 1024;
    private const int MaxRules = 1000;
    private const int MaxErrors = 100;
    private const int MaxDepth = 32;

    private static readonly Dictionary<string, SimShape> Dialects = new(StringComparer.Ordinal)
    {
        ["openai-chat"] = SimShape.OpenAIChat,
        ["openai-responses"] = SimShape.OpenAIResponses,
        ["openai-completions"] = SimShape.OpenAICompletions,
        ["openai-embeddings"] = SimShape.OpenAIEmbeddings,
        ["anthropic"] = SimShape.Anthropic,
        ["gemini"] = SimShape.Gemini,
    };

    private static readonly Dictionary<string, SimOperation> Operations = new(StringComparer.Ordinal)
    {
        ["chat"] = SimOperation.Chat,
        ["embeddings"] = SimOperation.Embeddings,
        ["count_tokens"] = SimOperation.CountTokens,
        ["models"] = SimOperation.Models,
    };

    private readonly string _file;
    private readonly List<string> _errors = [];

    private SimScenarioReader(string file) => _file = file;

    /// <summary>The faults of a scenario file, none where there is no file.</summary>
    public static IReadOnlyList<string> Check(string? path)
    {
        if (path is null)
        {
            return [];
        }

        try
        {
            Load(path);
            return [];
        }
        catch (SimScenarioException e)
        {
            return e.Errors;
        }
    }

    /// <exception cref="SimScenarioException">The file is absent or at fault.</exception>
    public static SimScenario Load(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MaxFileBytes)
            {
                throw new SimScenarioException([$"{path}: longer than {MaxFileBytes} bytes"]);
            }

            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SimScenarioException([$"{path}: {e.Message}"]);
        }
    }

    /// <param name="file">The name that errors give.</param>
    /// <exception cref="SimScenarioException">The text is at fault.</exception>
    public static SimScenario Parse(string yaml, string file)
    {
        var reader = new SimScenarioReader(file);
        SimScenario? scenario = null;
        try
        {
            CheckDepth(yaml);
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            scenario = stream.Documents.Count == 0 ? SimScenario.None : reader.ReadRoot(stream.Documents[0].RootNode);
        }
        catch (YamlException e)
        {
            reader.Fail(e.Start, "", e.Message);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The parser lets these out for some malformed input.
            reader.Fail(Mark.Empty, "", "not YAML that can be read");
        }

        return reader._errors.Count == 0 ? scenario! : throw new SimScenarioException(reader._errors);
    }

    // The document is built by recursion, so that deep nesting would end the process.
    private static void CheckDepth(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            if (depth > MaxDepth)
            {
                throw new YamlException(
                    parser.Current.Start, parser.Current.End, $"nested deeper than {MaxDepth} levels");
            }
        }
    }

    private SimScenario ReadRoot(YamlNode root)
    {
        var rules = new List<SimRule>();
        var byHeader = false;
        foreach (var (key, node) in Entries(root, "", "faults_by_header, rules"))
        {
            switch (key)
            {
                case "faults_by_header":
                    byHeader = Boolean(node, key) ?? false;
                    break;
                case "rules" when node is YamlSequenceNode { Children.Count: <= MaxRules } list:
                    rules.AddRange(list.Select((item, i) => ReadRule(item, i)).OfType<SimRule>());
                    break;
                case "rules":
                    Wrong(node, key, $"a list of at most {MaxRules} rules");
                    break;
                default:
                    Unknown(node, key, "faults_by_header, rules");
                    break;
            }
        }

        return new SimScenario(rules, byHeader);
    }

    private SimRule? ReadRule(YamlNode node, int index)
    {
        const string Keys = "name, match, fault, after, every, times, for";
        var path = string.Create(CultureInfo.InvariantCulture, $"rules[{index}]");
        var rule = new SimRule(path, new SimMatch(), new SimFault(SimFaultKind.Error));
        var hasFault = false;
        foreach (var (key, value) in Entries(node, path, Keys))
        {
            var at = $"{path}.{key}";
            switch (key)
            {
                case "name":
                    rule = rule with { Name = Text(value, at, "a name") ?? path };
                    break;
                case "match":
                    rule = rule with { Match = ReadMatch(value, at) };
                    break;
                case "fault":
                    hasFault = true;
                    rule = rule with { Fault = ReadFault(value, at) ?? rule.Fault };
                    break;
                case "after":
                    rule = rule with { After = Integer(value, at, 0) ?? 0 };
                    break;
                case "every":
                    rule = rule with { Every = Integer(value, at, 1) ?? 1 };
                    break;
                case "times":
                    rule = rule with { Times = Integer(value, at, 1) };
                    break;
                case "for":
                    rule = rule with { For = Duration(value, at) };
                    break;
                default:
                    Unknown(value, at, Keys);
                    break;
            }
        }

        if (!hasFault)
        {
            Fail(node.Start, path, $"fault is missing; accepted: {string.Join(", ", SimFaultReader.Names)}");
        }

        return rule;
    }

    private SimMatch ReadMatch(YamlNode node, string path)
    {
        const string Keys = "model, dialect, operation, stream, header";
        var match = new SimMatch();
        foreach (var (key, value) in Entries(node, path, Keys))
        {
            var at = $"{path}.{key}";
            match = key switch
            {
                "model" => match with { Model = Text(value, at, "a pattern such as gpt-*") },
                "dialect" => match with { Dialect = Choice(value, at, Dialects) },
                "operation" => match with { Operation = Choice(value, at, Operations) },
                "stream" => match with { Stream = Boolean(value, at) },
                "header" => match with { Headers = ReadHeaders(value, at) },
                _ => match,
            };
            if (key is not ("model" or "dialect" or "operation" or "stream" or "header"))
            {
                Unknown(value, at, Keys);
            }
        }

        return match;
    }

    private List<KeyValuePair<string, string>> ReadHeaders(YamlNode node, string path)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in Entries(node, path, "header names with patterns"))
        {
            headers.Add(new(name, Text(value, $"{path}.{name}", "a pattern such as tenant-*") ?? ""));
        }

        return headers;
    }

    /// <summary>A name alone, or <c>{type: NAME, parameter: value, …}</c>.</summary>
    private SimFault? ReadFault(YamlNode node, string path)
    {
        if (node is YamlScalarNode name)
        {
            return FindFault(name, path);
        }

        var entries = Entries(node, path, "a fault's name, or a mapping with its type and parameters").ToList();
        var type = entries.Find(entry => entry.Key == "type").Value;
        if (type is null)
        {
            Fail(node.Start, path, $"type is missing; accepted: {string.Join(", ", SimFaultReader.Names)}");
            return null;
        }

        var fault = FindFault(type, path + ".type");
        foreach (var (key, value) in entries.Where(entry => entry.Key != "type"))
        {
            var text = Text(value, $"{path}.{key}", "a value");
            if (fault is null || text is null)
            {
                continue;
            }

            if (SimFaultReader.With(fault, key, text, out var refusal) is { } changed)
            {
                fault = changed;
            }
            else
            {
                Wrong(value, $"{path}.{key}", refusal);
            }
        }

        return fault;
    }

    private SimFault? FindFault(YamlNode node, string path)
    {
        var accepted = string.Join(", ", SimFaultReader.Names);
        if (Text(node, path, accepted) is not { } name)
        {
            return null;
        }

        var fault = SimFaultReader.Find(name);
        if (fault is null)
        {
            Wrong(node, path, accepted);
        }

        return fault;
    }

    private IEnumerable<KeyValuePair<string, YamlNode>> Entries(YamlNode node, string path, string accepted)
    {
        if (node is not YamlMappingNode mapping)
        {
            Wrong(node, path, accepted);
            yield break;
        }

        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { } name })
            {
                yield return new(name, value);
            }
            else
            {
                Wrong(key, path, accepted);
            }
        }
    }

    private string? Text(YamlNode node, string path, string accepted)
    {
        if (node is YamlScalarNode { Value: { Length: > 0 } value })
        {
            return value;
        }

        Wrong(node, path, accepted);
        return null;
    }

    private int? Integer(YamlNode node, string path, int least)
    {
        const int Most = 1_000_000;
        if (node is YamlScalarNode scalar
            && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= Most)
        {
            return number;
        }

        Wrong(node, path, $"an integer from {least} to {Most}");
        return null;
    }

    private bool? Boolean(YamlNode node, string path)
    {
        if (node is YamlScalarNode { Value: "true" or "false" } scalar)
        {
            return scalar.Value == "true";
        }

        Wrong(node, path, "true, false");
        return null;
    }

    private TimeSpan? Duration(YamlNode node, string path)
    {
        if (node is YamlScalarNode { Value: { } text } && SimValues.Duration(text) is { } duration)
        {
            return duration;
        }

        Wrong(node, path, "a duration from 0s to 24h, such as 500ms or 30s");
        return null;
    }

    private T? Choice<T>(YamlNode node, string path, Dictionary<string, T> choices)
        where T : struct
    {
        if (node is YamlScalarNode { Value: { } name } && choices.TryGetValue(name, out var choice))
        {
            return choice;
        }

        Wrong(node, path, string.Join(", ", choices.Keys));
        return null;
    }

    private void Unknown(YamlNode node, string path, string accepted) =>
        Fail(node.Start, path, $"unknown key; accepted: {accepted}");

    private void Wrong(YamlNode node, string path, string accepted)
    {
        var found = node switch
        {
            YamlScalarNode { Value: { Length: > 0 and <= 60 } value } => value,
            YamlScalarNode { Value.Length: > 60 } => "a long text",
            YamlScalarNode => "nothing",
            YamlSequenceNode => "a list",
            _ => "a mapping",
        };
        Fail(node.Start, path, $"found {found}; accepted: {accepted}");
    }

    private void Fail(Mark mark, string path, string message)
    {
        if (_errors.Count < MaxErrors)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{_file}:{mark.Line}:{mark.Column}: ");
            _errors.Add(place + (path.Length > 0 ? path + ": " : "") + message);
        }
    }
}
