using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Keys;

/// <summary>
/// The keys in effect, found by what callers present. The presented value is hashed whatever it is; the first eight
/// bytes of the hash choose the candidate, the whole hashes are compared in constant time. How long a search takes
/// tells nothing of a key: nobody can steer the bytes of a hash.
/// </summary>
internal sealed class KeyRing
{
    private readonly Dictionary<ulong, List<ApiKey>> _byHash = [];
    private readonly Dictionary<string, ApiKey> _byName = new(StringComparer.Ordinal);

    public KeyRing(AuthOptions options)
    {
        Enabled = options.Enabled;
        foreach (var entry in options.Keys)
        {
            var key = new ApiKey(entry);
            _byName[key.Name] = key;
            var start = StartOf(key.Hash);
            if (!_byHash.TryGetValue(start, out var keys))
            {
                _byHash[start] = keys = [];
            }

            keys.Add(key);
        }
    }

    public bool Enabled { get; }

    public IReadOnlyCollection<ApiKey> Keys => _byName.Values;

    public ApiKey? Named(string name) => _byName.GetValueOrDefault(name);

    public ApiKey? Find(ReadOnlySpan<char> presented)
    {
        if (presented.Length is 0 or > KeyText.MostChars)
        {
            return null;
        }

        Span<byte> text = stackalloc byte[Encoding.UTF8.GetMaxByteCount(KeyText.MostChars)];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(presented, text)], hash);
        if (_byHash.TryGetValue(StartOf(hash), out var keys))
        {
            foreach (var key in keys)
            {
                if (CryptographicOperations.FixedTimeEquals(key.Hash, hash))
                {
                    return key;
                }
            }
        }

        return null;
    }

    private static ulong StartOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt64LittleEndian(hash);
}
