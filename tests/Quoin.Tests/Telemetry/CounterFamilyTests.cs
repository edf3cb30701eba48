using Quoin.Tests.Gateway.Settle;
namespace Quoin.Tests.Telemetry;

public sealed class CounterFamilyTests
{
    [Fact]
    public void Adds_of_many_threads_to_the_same_stripe_are_all_counted()
    {
        const int Each = 1_000_000;
        using var fixture = new MetricsFixture();
        var counter = fixture.Registry.Counter(new("test_total", "test", null, "Test.")).With();
        var histogram = fixture.Registry.Sizes(new("test", "test.sizes", null, "Test."), [1]).With();
        using var barrier = new Barrier(4);
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            barrier.SignalAndWait();
            for (var i = 0; i < Each; i++)
            {
                counter.Add(stripe: 0, 1);
                histogram.Record(stripe: 0, 2);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        var counts = new long[2];
        Assert.Equal(4 * Each, counter.Read());
        Assert.Equal(8 * Each, histogram.Read(counts));
        Assert.Equal([0, 4 * Each], counts);
    }
}
