using System.Diagnostics.CodeAnalysis;

namespace Quoin.Wasm.Running;

/// <summary>
/// Compiled modules by the SHA-256 of their bytes; the one that was not asked for longest goes first.
/// </summary>
internal sealed class ModuleCache(int most)
{
    private readonly Lock _guard = new();
    private readonly Dictionary<string, LinkedListNode<Module>> _modules = new(StringComparer.Ordinal);
    private readonly LinkedList<Module> _byUse = new();

    public bool TryGet(string digest, [NotNullWhen(true)] out Module? module)
    {
        lock (_guard)
        {
            module = null;
            if (!_modules.TryGetValue(digest, out var node))
                return false;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            module = node.Value;
            return true;
        }
    }

    public void Add(Module module)
    {
        lock (_guard)
        {
            if (most <= 0 || _modules.ContainsKey(module.Digest))
                return;
            if (_modules.Count >= most)
            {
                _modules.Remove(_byUse.Last!.Value.Digest);
                _byUse.RemoveLast();
            }

            _modules[module.Digest] = _byUse.AddFirst(module);
        }
    }

    public void Clear()
    {
        lock (_guard)
        {
            _modules.Clear();
            _byUse.Clear();
        }
    }
}
