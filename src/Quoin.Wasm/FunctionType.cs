using System.Collections.Immutable;

namespace Quoin.Wasm;

/// <summary>What a function takes and gives. Two types with the same parts are the same type.</summary>
public sealed class FunctionType : IEquatable<FunctionType>
{
    /// <summary>Makes the type of functions that take <paramref name="parameters"/>.</summary>
    public FunctionType(IEnumerable<ValueKind> parameters, IEnumerable<ValueKind> results)
    {
        Parameters = [.. parameters];
        Results = [.. results];
    }

    /// <summary>The kinds of its arguments, in order.</summary>
    public ImmutableArray<ValueKind> Parameters { get; }

    /// <summary>The kinds of its results, in order.</summary>
    public ImmutableArray<ValueKind> Results { get; }

    /// <inheritdoc/>
    public bool Equals(FunctionType? other) => other is not null
        && Parameters.AsSpan().SequenceEqual(other.Parameters.AsSpan())
        && Results.AsSpan().SequenceEqual(other.Results.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FunctionType);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var kind in Parameters)
            hash.Add(kind);
        hash.Add(-1);
        foreach (var kind in Results)
            hash.Add(kind);
        return hash.ToHashCode();
    }

    /// <summary>As text: <c>(i32, i64) -> (f32)</c>.</summary>
    public override string ToString() =>
        $"({string.Join(", ", Parameters.Select(kind => kind.Text()))}) -> "
        + $"({string.Join(", ", Results.Select(kind => kind.Text()))})";
}
