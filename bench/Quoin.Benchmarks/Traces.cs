using System.Security.Cryptography;
using Quoin.Server.Gateway.Cache;

namespace Quoin.Benchmarks;

/// <summary>Made-up sequences of keys, the same for a seed.</summary>
internal static class Traces
{
    public static CacheKey KeyOf(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BitConverter.TryWriteBytes(bytes, number);
        return CacheKey.From(SHA256.HashData(bytes));
    }

    /// <summary>The k-th most popular of <paramref name="keys"/> is asked for with a share of 1/k^skew.</summary>
    public static IEnumerable<int> Zipf(int seed, int keys, double skew, int length)
    {
        var random = new Random(seed);
        var sums = new double[keys];
        var sum = 0.0;
        for (var i = 0; i < keys; i++)
        {
            sums[i] = sum += 1 / Math.Pow(i + 1, skew);
        }

        for (var i = 0; i < length; i++)
        {
            var at = Array.BinarySearch(sums, random.NextDouble() * sum);
            yield return at < 0 ? ~at : at;
        }
    }

    /// <summary>A Zipf sequence into which, again and again, a run of keys falls that nobody asks for twice.</summary>
    public static IEnumerable<int> ZipfWithScans(int seed, int keys, double skew, int length, int scan)
    {
        var fresh = keys;
        var i = 0;
        foreach (var key in Zipf(seed, keys, skew, length))
        {
            yield return key;
            if (++i % (scan * 2) == 0)
            {
                for (var s = 0; s < scan; s++)
                {
                    yield return fresh++;
                }
            }
        }
    }

    public static double HitRatioOfTinyLfu(IEnumerable<int> trace, int capacity)
    {
        var cache = new TinyLfu<int>(capacity, capacity);
        var (hits, total) = (0, 0);
        foreach (var number in trace)
        {
            total++;
            var key = KeyOf(number);
            if (cache.TryGet(key, out _))
            {
                hits++;
            }
            else
            {
                cache.Set(key, number, 1);
            }
        }

        return (double)hits / total;
    }

    /// <summary>The yardstick: the least recently used goes.</summary>
    public static double HitRatioOfLru(IEnumerable<int> trace, int capacity)
    {
        var order = new LinkedList<int>();
        var nodes = new Dictionary<int, LinkedListNode<int>>();
        var (hits, total) = (0, 0);
        foreach (var number in trace)
        {
            total++;
            if (nodes.Remove(number, out var node))
            {
                hits++;
                order.Remove(node);
            }
            else if (nodes.Count == capacity)
            {
                nodes.Remove(order.First!.Value);
                order.RemoveFirst();
            }

            nodes[number] = order.AddLast(number);
        }

        return (double)hits / total;
    }
}
