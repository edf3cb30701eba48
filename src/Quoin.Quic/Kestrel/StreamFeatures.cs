using System.Collections;
using Microsoft.AspNetCore.Http.Features;

namespace Quoin.Quic.Kestrel;

/// <summary>
/// The features of a stream: what its context is, then what its connection has. A stream that is given nothing else
/// needs no table, which with thousands of streams is most of what a general collection would take.
/// </summary>
internal sealed class StreamFeatures(QuicStreamContext context, IFeatureCollection connection) : IFeatureCollection
{
    private Dictionary<Type, object?>? _given;
    private int _changes;

    public bool IsReadOnly => false;

    public int Revision => _changes + connection.Revision;

    public object? this[Type key]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(key);
            if (_given is { } given && given.TryGetValue(key, out var feature))
            {
                return feature;
            }

            return QuicStreamContext.FeatureTypes.Contains(key) ? context : connection[key];
        }
        set
        {
            ArgumentNullException.ThrowIfNull(key);
            _given ??= [];
            _given[key] = value;
            _changes++;
        }
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
    {
        var types = QuicStreamContext.FeatureTypes.Concat(_given?.Keys ?? Enumerable.Empty<Type>())
            .Concat(connection.Select(pair => pair.Key)).Distinct();
        foreach (var type in types)
        {
            if (this[type] is { } feature)
            {
                yield return new(type, feature);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
