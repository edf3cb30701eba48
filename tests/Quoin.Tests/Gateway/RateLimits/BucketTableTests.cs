using System.Net;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.RateLimits;

public sealed class BucketTableTests
{
    private static readonly Rate Two = new(2, 60);

    [Fact]
    public void The_buckets_stay_bounded_and_who_owes_is_kept_before_who_does_not()
    {
        var clock = new ManualClock();
        var table = new BucketTable(clock, most: 80);
        for (var i = 0; i < 40; i++)
        {
            table.Take(Id(i), Two, 1);
        }

        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(BucketAnswer.Taken, table.Take(Id(1000), Two, 2).Answer);
        for (var i = 1001; i < 1041; i++)
        {
            table.Take(Id(i), Two, 2);
            Assert.InRange(table.Count, 1, 80);
        }

        Assert.Equal(41, table.Count);
        Assert.Equal(BucketAnswer.Refused, table.Take(Id(1000), Two, 1).Answer);
    }

    [Fact]
    public void A_flood_of_addresses_cannot_make_it_grow()
    {
        var table = new BucketTable(new ManualClock(), most: 80);
        for (var i = 0; i < 10000; i++)
        {
            table.Take(Id(i), Two, 1);
            Assert.InRange(table.Count, 1, 80);
        }
    }

    [Fact]
    public async Task Threads_together_take_no_more_than_there_is()
    {
        var table = new BucketTable(new ManualClock());
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 500).Count(_ =>
                table.Take(Id(1), new Rate(1000, 60), 1).Answer == BucketAnswer.Taken))));
        Assert.Equal(1000, taken.Sum());
    }

    [Theory]
    [InlineData("2001:db8::1", "2001:db8::ffff:1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("10.0.0.1", "a00:1::", false)]
    public void An_address_is_one_caller_and_of_ipv6_the_half_that_one_has(
        string one, string other, bool same) =>
        Assert.Equal(
            same,
            BucketId.OfAddress(IPAddress.Parse(one), LimitUnit.Requests, 60)
                == BucketId.OfAddress(IPAddress.Parse(other), LimitUnit.Requests, 60));

    private static BucketId Id(int number) => new(BucketScope.Address, "", (ulong)number, LimitUnit.Requests, 60);
}
