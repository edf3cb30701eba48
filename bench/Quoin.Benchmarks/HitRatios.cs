using Quoin.Server.Gateway.Cache;

namespace Quoin.Benchmarks;

/// <summary>
/// How often the cache's policy finds what is asked for, beside plain LRU, on made-up traces; and what an entry takes
/// in memory. Not times: the same on every machine, but for the bytes, which are the runtime's.
/// </summary>
internal static class HitRatios
{
    private const int Keys = 100_000;
    private const int Length = 1_000_000;

    public static void Print()
    {
        Console.WriteLine("| trace | entries kept | LRU | W-TinyLFU | ratio |");
        Console.WriteLine("| --- | --: | --: | --: | --: |");
        foreach (var capacity in new[] { 500, 5000 })
        {
            foreach (var skew in new[] { 0.7, 0.9, 1.1 })
            {
                Row($"Zipf {skew}", capacity, () => Traces.Zipf(1, Keys, skew, Length));
            }

            Row("Zipf 0.9 with scans", capacity, () => Traces.ZipfWithScans(2, Keys, 0.9, Length, capacity * 2));
        }

        Console.WriteLine();
        Console.WriteLine("| entry | bytes in memory besides its answer |");
        Console.WriteLine("| --- | --: |");
        Console.WriteLine($"| 1 KB answer, 50000 of them | {BytesOfAnEntry(1024)} |");
    }

    private static void Row(string name, int capacity, Func<IEnumerable<int>> trace)
    {
        var lru = Traces.HitRatioOfLru(trace(), capacity);
        var tiny = Traces.HitRatioOfTinyLfu(trace(), capacity);
        Console.WriteLine($"| {name} | {capacity} | {lru:P1} | {tiny:P1} | {tiny / lru:0.00} |");
    }

    private static long BytesOfAnEntry(int body)
    {
        const int Entries = 50_000;
        using var store = new MemoryStore(new CacheBound(Entries * 2, IsBytes: false), TimeProvider.System);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Entries; i++)
        {
            var now = TimeProvider.System.GetUtcNow();
            var answer = new CachedAnswer
            {
                Tenant = "",
                Route = "gpt-4.1",
                ContentType = "application/json",
                Streamed = false,
                UsageIncluded = false,
                Provider = "openai",
                Model = "gpt-4.1",
                Created = now,
                Expires = now,
                Body = new byte[body],
            };
            var kept = store.SetAsync(Traces.KeyOf(i), answer, TimeSpan.FromHours(1), CancellationToken.None);
            if (!kept.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("memory does not wait");
            }
        }

        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(store);
        return ((after - before) / Entries) - body;
    }
}
