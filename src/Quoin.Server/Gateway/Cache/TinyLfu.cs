using System.Diagnostics.CodeAnalysis;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Keeps what is worth keeping within a bound (W-TinyLFU, Einziger, Friedman, Manes, ACM TOS 2017). A new entry comes
/// into a small window in the order of use. What falls out of the window competes with the entry that the main part
/// would give up next: the one seen more often of late stays, so that a scan of things asked for once cannot wash out
/// what is asked for again and again. The main part is in two: an entry on probation that is used again is protected;
/// the least recently used protected one goes back on probation. One caller at a time.
/// </summary>
/// <param name="capacity">Greatest sum of weights.</param>
/// <param name="expectedEntries">About how many entries that is.</param>
internal sealed class TinyLfu<TValue>(long capacity, long expectedEntries)
{
    private readonly Dictionary<CacheKey, Node> _nodes = [];
    private readonly FrequencySketch _sketch = new(expectedEntries);
    private readonly NodeList _window = new();
    private readonly NodeList _probation = new();
    private readonly NodeList _protected = new();

    // A hundredth for newcomers and four fifths of the rest for the proven, as the paper found best overall.
    private readonly long _windowCapacity = Math.Max(capacity / 100, 1);
    private readonly long _mainCapacity = capacity - Math.Max(capacity / 100, 1);
    private readonly long _protectedCapacity = (capacity - Math.Max(capacity / 100, 1)) * 4 / 5;

    /// <summary>Told of every entry that is pushed out to keep the bound.</summary>
    public Action<CacheKey, TValue>? Evicted { get; init; }

    public int Count => _nodes.Count;

    public long Weight => _window.Weight + _probation.Weight + _protected.Weight;

    public IEnumerable<KeyValuePair<CacheKey, TValue>> Entries =>
        _nodes.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value));

    /// <summary>Finds an entry and counts the use, as it does that of a key which is not there.</summary>
    public bool TryGet(in CacheKey key, [MaybeNullWhen(false)] out TValue value)
    {
        _sketch.Add(key);
        if (!_nodes.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        Touch(node);
        value = node.Value;
        return true;
    }

    /// <summary>Finds an entry without counting it as a use.</summary>
    public bool TryPeek(in CacheKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var found = _nodes.TryGetValue(key, out var node);
        value = found ? node!.Value : default;
        return found;
    }

    /// <summary>Puts an entry in, in the place of an older one of its key. It may be pushed out at once.</summary>
    public void Set(in CacheKey key, TValue value, long weight)
    {
        Remove(key);
        if (weight > capacity)
        {
            Evicted?.Invoke(key, value);
            return;
        }

        var node = new Node(key, value, weight);
        _nodes.Add(key, node);
        _window.AddNewest(node);
        while (_window.Weight > _windowCapacity && _window.Oldest is { } candidate)
        {
            _window.Remove(candidate);
            _probation.AddNewest(candidate);
            Compete(candidate);
        }
    }

    public bool Remove(in CacheKey key)
    {
        if (!_nodes.Remove(key, out var node))
        {
            return false;
        }

        node.List!.Remove(node);
        return true;
    }

    private void Touch(Node node)
    {
        if (node.List == _probation)
        {
            _probation.Remove(node);
            _protected.AddNewest(node);
            while (_protected.Weight > _protectedCapacity && _protected.Oldest is { } demoted && demoted != node)
            {
                _protected.Remove(demoted);
                _probation.AddNewest(demoted);
            }
        }
        else
        {
            var list = node.List!;
            list.Remove(node);
            list.AddNewest(node);
        }
    }

    /// <summary>Makes room, and gives the newcomer up rather than something that is seen more often.</summary>
    private void Compete(Node candidate)
    {
        while (_probation.Weight + _protected.Weight > _mainCapacity)
        {
            var victim = _probation.Oldest == candidate ? _protected.Oldest ?? candidate : _probation.Oldest!;
            if (victim == candidate || candidate.Weight > _mainCapacity
                || _sketch.Count(candidate.Key) <= _sketch.Count(victim.Key))
            {
                Evict(candidate);
                return;
            }

            Evict(victim);
        }
    }

    private void Evict(Node node)
    {
        _nodes.Remove(node.Key);
        node.List!.Remove(node);
        Evicted?.Invoke(node.Key, node.Value);
    }

    private sealed class Node(CacheKey key, TValue value, long weight)
    {
        public CacheKey Key { get; } = key;

        public TValue Value { get; } = value;

        public long Weight { get; } = weight;

        public NodeList? List { get; set; }

        public Node? Newer { get; set; }

        public Node? Older { get; set; }
    }

    /// <summary>Nodes in the order of use.</summary>
    private sealed class NodeList
    {
        private Node? _newest;

        public Node? Oldest { get; private set; }

        public long Weight { get; private set; }

        public void AddNewest(Node node)
        {
            (node.List, node.Older, node.Newer) = (this, _newest, null);
            if (_newest is { } newest)
            {
                newest.Newer = node;
            }

            _newest = node;
            Oldest ??= node;
            Weight += node.Weight;
        }

        public void Remove(Node node)
        {
            if (node.Newer is { } newer)
            {
                newer.Older = node.Older;
            }
            else
            {
                _newest = node.Older;
            }

            if (node.Older is { } older)
            {
                older.Newer = node.Newer;
            }
            else
            {
                Oldest = node.Newer;
            }

            (node.List, node.Older, node.Newer) = (null, null, null);
            Weight -= node.Weight;
        }
    }
}
