using System.Buffers;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Quoin.Server.Configuration.Binding;

/// <summary>
/// YAML text to nodes, by one walk over the parser's events. An alias stands for the very node it names, so it costs
/// no memory; the weight of what it stands for is counted against <see cref="ConfigurationLimits.Nodes"/>. Duplicate
/// keys are reported and the walk goes on; a fault of syntax ends it.
/// </summary>
internal sealed class YamlReader
{
    private readonly string _file;
    private readonly Parser _parser;
    private readonly List<ConfigurationError> _errors;
    private readonly Dictionary<string, Node?> _anchors = new(StringComparer.Ordinal);
    private int _weight;

    private YamlReader(string text, string file, List<ConfigurationError> errors)
    {
        _file = file;
        _errors = errors;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The file's top mapping; an empty one where nothing can be read.</summary>
    public static MappingNode Read(ReadOnlySpan<byte> bytes, string file, List<ConfigurationError> errors)
    {
        var start = new Origin(OriginKind.File, file, 1, 1);
        var empty = new MappingNode(start, []);
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (InvalidUtf8(bytes, file) is { } origin)
        {
            errors.Add(new(ConfigurationErrorKind.Syntax, origin, "", "not UTF-8"));
            return empty;
        }

        try
        {
            return new YamlReader(Encoding.UTF8.GetString(bytes), file, errors).ReadStream() ?? empty;
        }
        catch (UnreadableException fault)
        {
            errors.Add(new(fault.Kind, fault.Origin, "", fault.Message));
        }
        catch (YamlException fault)
        {
            var message = fault.Message.Length == 0 ? "not YAML" : char.ToLowerInvariant(fault.Message[0]) +
                fault.Message[1..].TrimEnd('.');
            var place = message.Contains(" tab ", StringComparison.Ordinal) ? IndentingTab(bytes, file) : null;
            errors.Add(new(ConfigurationErrorKind.Syntax, place ?? At(file, fault.Start), "", message));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The parser has let other exceptions out for some malformed input; to the operator they are the same.
            errors.Add(new(ConfigurationErrorKind.Syntax, start, "", "not YAML that can be read"));
        }

        return empty;
    }

    private static Origin? InvalidUtf8(ReadOnlySpan<byte> bytes, string file)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
            return null;
        var (line, column) = (1, 1);
        while (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
        {
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + 1);
            bytes = bytes[length..];
        }

        return new Origin(OriginKind.File, file, line, column);
    }

    /// <summary>The first tab in an indentation: the parser only tells what it was reading when it met one.</summary>
    private static Origin? IndentingTab(ReadOnlySpan<byte> bytes, string file)
    {
        var number = 1;
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var column = bytes[range].IndexOfAnyExcept((byte)' ');
            if (column >= 0 && bytes[range][column] == '\t')
                return new Origin(OriginKind.File, file, number, column + 1);
            number++;
        }

        return null;
    }

    private static Origin At(string file, Mark mark) =>
        new(OriginKind.File, file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private MappingNode? ReadStream()
    {
        Next<StreamStart>();
        if (Next() is StreamEnd)
            return null;
        var root = ReadNode(Next(), 0);
        Next<DocumentEnd>();
        if (Next() is DocumentStart second)
            throw Fault(second, ConfigurationErrorKind.Syntax, "a second document; the file holds one");
        switch (root)
        {
            case MappingNode mapping:
                return mapping;
            case ScalarNode { IsNull: true }:
                return null;
            default:
                _errors.Add(new(ConfigurationErrorKind.WrongType, root.Origin, "", "not keys and values")
                {
                    Found = root is SequenceNode ? "a list" : "text",
                    Accepted = "sections such as server: and providers:",
                });
                return null;
        }
    }

    private Node ReadNode(ParsingEvent start, int depth)
    {
        if (depth > ConfigurationLimits.Depth)
            throw Fault(start, ConfigurationErrorKind.Limit, $"nested deeper than {ConfigurationLimits.Depth} levels");
        if (start is AnchorAlias alias)
        {
            if (!_anchors.TryGetValue(alias.Value.Value, out var target))
                throw Fault(start, ConfigurationErrorKind.Syntax, "alias of an anchor that is not there");
            if (target is null)
                throw Fault(start, ConfigurationErrorKind.Syntax, "alias of the value it stands in");
            Count(start, target.Weight);
            return target;
        }

        if (start is not NodeEvent value)
            throw Fault(start, ConfigurationErrorKind.Syntax, "a value is missing");
        if (!value.Tag.IsEmpty && start is not Scalar { Tag.IsNonSpecific: true })
            throw Fault(start, ConfigurationErrorKind.Syntax, "tags (!name) are not used here");
        if (!value.Anchor.IsEmpty)
            _anchors[value.Anchor.Value] = null;
        Count(start, 1);
        Node node = start switch
        {
            Scalar scalar => new ScalarNode(At(_file, start.Start), scalar.Value, scalar.Style != ScalarStyle.Plain),
            SequenceStart => ReadSequence(start, depth),
            _ => ReadMapping(start, depth),
        };
        if (!value.Anchor.IsEmpty)
            _anchors[value.Anchor.Value] = node;
        return node;
    }

    private SequenceNode ReadSequence(ParsingEvent start, int depth)
    {
        var items = new List<Node>();
        for (var next = Next(); next is not SequenceEnd; next = Next())
            items.Add(ReadNode(next, depth + 1));
        return new SequenceNode(At(_file, start.Start), items);
    }

    private MappingNode ReadMapping(ParsingEvent start, int depth)
    {
        var entries = new List<MappingEntry>();
        var seen = new Dictionary<string, Origin>(StringComparer.Ordinal);
        for (var next = Next(); next is not MappingEnd; next = Next())
        {
            if (next is not Scalar key)
                throw Fault(next, ConfigurationErrorKind.Syntax, "a key that is not plain text");
            if (key.Value.Length > ConfigurationLimits.KeyLength)
            {
                throw Fault(next, ConfigurationErrorKind.Limit,
                    $"a key longer than {ConfigurationLimits.KeyLength} characters");
            }

            var at = At(_file, key.Start);
            var value = ReadNode(Next(), depth + 1);
            if (seen.TryAdd(key.Value, at))
            {
                entries.Add(new(key.Value, at, value));
                continue;
            }

            _errors.Add(new(ConfigurationErrorKind.DuplicateKey, at, Text.Printable(key.Value),
                $"given twice, first in line {seen[key.Value].Line}"));
        }

        return new MappingNode(At(_file, start.Start), entries);
    }

    private void Count(ParsingEvent at, int weight)
    {
        _weight += weight;
        if (_weight > ConfigurationLimits.Nodes)
        {
            throw Fault(at, ConfigurationErrorKind.Limit,
                $"more than {ConfigurationLimits.Nodes} values, aliases written out");
        }
    }

    private ParsingEvent Next()
    {
        if (!_parser.MoveNext())
        {
            throw new UnreadableException(
                ConfigurationErrorKind.Syntax, new Origin(OriginKind.File, _file, 1, 1), "ends too early");
        }

        return _parser.Current!;
    }

    private void Next<TEvent>()
        where TEvent : ParsingEvent
    {
        if (Next() is not TEvent)
            throw Fault(_parser.Current!, ConfigurationErrorKind.Syntax, "not one YAML document");
    }

    private UnreadableException Fault(ParsingEvent at, ConfigurationErrorKind kind, string message) =>
        new(kind, At(_file, at.Start), message);

    /// <summary>Ends the walk from any depth; caught in <see cref="Read"/>.</summary>
    private sealed class UnreadableException(ConfigurationErrorKind kind, Origin origin, string message)
        : Exception(message)
    {
        public ConfigurationErrorKind Kind { get; } = kind;

        public Origin Origin { get; } = origin;
    }
}
