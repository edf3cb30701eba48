using Quoin.Quic.Protocol;

namespace Quoin.Tests.Quic.Protocol;

/// <summary>Answers to strangers are counted by the second.</summary>
public sealed class AnswerBudgetTests
{
    private const ulong Second = 1_000_000_000;

    [Fact]
    public void A_flood_gets_no_more_answers_than_the_budget()
    {
        var budget = new AnswerBudget(10, 0);
        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => budget.TryTake(0)));
        Assert.Equal(5, Enumerable.Range(0, 1000).Count(_ => budget.TryTake(Second / 2)));
        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => budget.TryTake(100 * Second)));
    }
}
