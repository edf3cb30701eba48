using System.Text;

namespace Quoin.Server.Gateway.Connections;

/// <summary>
/// A provider's answer. Field names are in lower case; names and values are valid until it is disposed of, which sets
/// its connection free, or closes it where the body was not read to its end.
/// </summary>
internal abstract class UpstreamResponse : IDisposable
{
    public abstract int Status { get; }

    public bool IsSuccess => Status is >= 200 and <= 299;

    public abstract int FieldCount { get; }

    /// <summary>Of the body, where the answer says it.</summary>
    public abstract long? ContentLength { get; }

    public abstract ReadOnlySpan<byte> FieldName(int index);

    public abstract ReadOnlySpan<byte> FieldValue(int index);

    /// <summary>The next bytes of the body; 0 at its end.</summary>
    /// <exception cref="IOException">The body was cut, or its framing is wrong.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    public abstract void Dispose();

    /// <summary>The first field of a name, which is given in lower case.</summary>
    public bool TryGetField(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < FieldCount; i++)
        {
            if (FieldName(i).SequenceEqual(name))
            {
                value = FieldValue(i);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The first field of a name as text, or null.</summary>
    public string? Field(ReadOnlySpan<byte> name) =>
        TryGetField(name, out var value) ? Encoding.Latin1.GetString(value) : null;
}
