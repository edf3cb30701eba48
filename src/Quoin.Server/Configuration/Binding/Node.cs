namespace Quoin.Server.Configuration.Binding;

/// <summary>
/// A value before it has a type. The file, the environment and the command line all become nodes, so that one binder
/// with one set of rules serves all three. Immutable: an aliased node may stand at several places.
/// </summary>
internal abstract record Node(Origin Origin)
{
    /// <summary>Nodes below and including this one, aliases written out.</summary>
    public abstract int Weight { get; }

    /// <summary>The value of a weaker source that this one hides. It is still checked.</summary>
    public Node? Hidden { get; init; }
}

/// <param name="Quoted">Written in quotes or as a block: text whatever it looks like.</param>
internal sealed record ScalarNode(Origin Origin, string Text, bool Quoted) : Node(Origin)
{
    public override int Weight => 1;

    /// <summary>Nothing given: the default stays.</summary>
    public bool IsNull => !Quoted && (Text is "" or "~" or "null" or "Null" or "NULL");
}

internal sealed record SequenceNode(Origin Origin, IReadOnlyList<Node> Items) : Node(Origin)
{
    public override int Weight { get; } = 1 + Items.Sum(item => item.Weight);
}

internal sealed record MappingNode(Origin Origin, IReadOnlyList<MappingEntry> Entries) : Node(Origin)
{
    public override int Weight { get; } = 1 + Entries.Sum(entry => entry.Value.Weight);

    /// <summary>The same mapping with a value at the path, which hides what stands there.</summary>
    public MappingNode With(ReadOnlySpan<string> path, Node value)
    {
        var key = path[0];
        var index = -1;
        for (var i = 0; i < Entries.Count; i++)
        {
            if (Entries[i].Key == key)
                index = i;
        }

        var old = index < 0 ? null : Entries[index].Value;
        var entries = Entries.ToList();
        if (path.Length > 1)
        {
            // What is not a mapping here is an error of the file, kept so that the binder reports it.
            var inner = old as MappingNode ?? new MappingNode(value.Origin, []) { Hidden = old };
            value = inner.With(path[1..], value);
        }
        else
        {
            value = value with { Hidden = old };
        }

        var entry = new MappingEntry(key, index < 0 ? value.Origin : Entries[index].KeyOrigin, value);
        if (index < 0)
            entries.Add(entry);
        else
            entries[index] = entry;
        return this with { Entries = entries };
    }
}

internal sealed record MappingEntry(string Key, Origin KeyOrigin, Node Value);
