using Quoin.Quic.Protocol;

namespace Quoin.Tests.Quic.Protocol;

/// <summary>The earliest deadline comes first, whatever was moved and removed.</summary>
public sealed class TimerHeapTests
{
    [Fact]
    public void Deadlines_come_in_order_and_not_before_their_time()
    {
        var heap = new TimerHeap<Item>();
        foreach (var deadline in new ulong[] { 5, 1, 9, 3, 7 })
        {
            heap.Set(new Item(), deadline);
        }

        Assert.False(heap.TryTake(0, out _));
        var taken = new List<ulong>();
        for (ulong now = 1; now < 10; now++)
        {
            while (heap.TryTake(now, out _))
            {
                taken.Add(now);
            }
        }

        Assert.Equal([1, 3, 5, 7, 9], taken);
        Assert.Equal(ulong.MaxValue, heap.Next);
    }

    [Fact]
    public void It_agrees_with_a_sorted_list_through_a_hundred_thousand_changes()
    {
        var random = new Random(7);
        var heap = new TimerHeap<Item>();
        var items = Enumerable.Range(0, 200).Select(_ => new Item()).ToArray();
        var model = new Dictionary<Item, ulong>();
        for (var i = 0; i < 100_000; i++)
        {
            var item = items[random.Next(items.Length)];
            switch (random.Next(4))
            {
                case 0:
                    heap.Remove(item);
                    model.Remove(item);
                    break;
                case 1 when heap.TryTake((ulong)random.Next(1000), out var first):
                    Assert.Equal(model.Values.Min(), model[first]);
                    model.Remove(first);
                    break;
                default:
                    var deadline = (ulong)random.Next(1000);
                    heap.Set(item, deadline);
                    model[item] = deadline;
                    break;
            }

            Assert.Equal(model.Count, heap.Count);
            Assert.Equal(model.Count == 0 ? ulong.MaxValue : model.Values.Min(), heap.Next);
        }
    }

    [Fact]
    public void No_deadline_takes_an_item_out()
    {
        var heap = new TimerHeap<Item>();
        var item = new Item();
        heap.Set(item, 5);
        heap.Set(item, ulong.MaxValue);
        Assert.Equal(0, heap.Count);
        Assert.Equal(-1, item.HeapIndex);
    }

    private sealed class Item : ITimed
    {
        public ulong Deadline { get; set; } = ulong.MaxValue;

        public int HeapIndex { get; set; } = -1;
    }
}
