using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Failover;

namespace Quoin.Tests.Gateway.Failover;

public sealed class BackoffTests
{
    private static readonly RetryOptions Options = new()
    {
        InitialDelay = TimeSpan.FromMilliseconds(100),
        MaxDelay = TimeSpan.FromMilliseconds(180),
        Multiplier = 1.5,
    };

    [Theory]
    [InlineData(0, 0.5, 50)]
    [InlineData(1, 0.5, 75)]
    [InlineData(2, 0.5, 90)]
    [InlineData(9, 0.5, 90)]
    [InlineData(9, 0, 0)]
    public void The_bound_grows_up_to_the_longest_pause(int retry, double fraction, double milliseconds) =>
        Assert.Equal(milliseconds, Backoff.Delay(Options, retry, fraction).TotalMilliseconds, 3);
}
