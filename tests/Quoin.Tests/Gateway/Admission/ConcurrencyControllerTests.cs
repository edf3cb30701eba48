using Quoin.Server.Gateway.Admission;

namespace Quoin.Tests.Gateway.Admission;

/// <summary>Before an upstream in virtual time whose answers slow down when more calls run than it takes.</summary>
public sealed class ConcurrencyControllerTests
{
    private static readonly LatencySeries Series = new("up", "m", Stream: true);

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(200)]
    public void The_limit_settles_near_the_knee_and_stays(int knee)
    {
        var (controller, random) = (new ConcurrencyController(), new Random(knee));
        var limits = new List<int>();
        for (var i = 0; i < 200_000; i++)
        {
            Answer(controller, random, controller.Limit, knee);
            if (i > 100_000)
            {
                limits.Add(controller.Limit);
            }
        }

        limits.Sort();
        var (low, median, high) = (limits[limits.Count / 10], limits[limits.Count / 2], limits[^1]);
        Assert.True(median >= knee * 0.9 && high <= (knee * 2.5) + 10, $"{low} {median} {high} for {knee}");
    }

    [Fact]
    public void Slots_that_are_not_used_do_not_move_the_limit()
    {
        var (controller, random) = (new ConcurrencyController(), new Random(1));
        for (var i = 0; i < 10_000; i++)
        {
            Answer(controller, random, inUse: 3, knee: 1);
        }

        Assert.Equal(AdmissionLimits.FirstConcurrency, controller.Limit);
    }

    [Fact]
    public void A_providers_pushback_cuts_the_limit_once_for_all_calls_under_way()
    {
        var controller = new ConcurrencyController();
        controller.PushedBack(started: 10, now: 20);
        Assert.Equal(14, controller.Limit);
        controller.PushedBack(started: 15, now: 21);
        Assert.Equal(14, controller.Limit);
        for (var now = 30; now < 1000; now++)
        {
            controller.PushedBack(now, now);
        }

        Assert.Equal(AdmissionLimits.LeastConcurrency, controller.Limit);
    }

    private static void Answer(ConcurrencyController controller, Random random, int inUse, int knee)
    {
        // Answers differ by a factor of two either way.
        var latency = Math.Pow(2, (random.NextDouble() * 2) - 1) * Math.Max(1, (double)inUse / knee);
        controller.Answered(Series, latency, inUse);
    }
}
