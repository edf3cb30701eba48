using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Workers.Sharing;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Workers.Sharing;

public sealed class SharedAccountsTests
{
    private static readonly BudgetOptions Day = new() { Per = "day", Tokens = 100 };
    private static readonly BudgetOptions Month = new() { Per = "month", Amount = 1 };

    private readonly ManualClock _clock = new();
    private readonly SharedRig _rig;

    public SharedAccountsTests() => _rig = new SharedRig(_clock);

    [Fact]
    public void A_budget_is_one_for_all_workers()
    {
        var other = new SharedPeer();
        Assert.Null(Reserve("ann", 60, Day));
        Assert.Same(Day, Reserve("ann", 60, other, Day)!.Budget);
        Assert.Null(Reserve("bob", 60, other, Day));
        Book("ann", reserved: 60, used: 10);
        Assert.Null(Reserve("ann", 60, other, Day));
        Assert.Equal((10, 60), (Spent("ann").Spent[0].Amounts.Tokens, Spent("ann").Reserved.Tokens));
    }

    [Fact]
    public void The_budget_that_refuses_is_told_with_its_end()
    {
        Book("ann", reserved: 0, used: 0, cost: 1_000_000_000);
        var refusal = Reserve("ann", 1, _rig.Peer, cost: 1, Day, Month);
        Assert.Same(Month, refusal!.Budget);
        Assert.Equal(new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), refusal.Resets);
    }

    [Fact]
    public void A_new_day_begins_with_nothing_spent()
    {
        Book("ann", reserved: 0, used: 100);
        Assert.NotNull(Reserve("ann", 1, Day));
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(Reserve("ann", 1, Day));
    }

    [Fact]
    public void What_a_worker_that_has_gone_had_reserved_is_free_again()
    {
        var other = new SharedPeer();
        Assert.Null(Reserve("ann", 100, other, Day));
        Assert.NotNull(Reserve("ann", 1, Day));
        _rig.State.Leave(other);
        Assert.Null(Reserve("ann", 100, Day));
    }

    [Fact]
    public void What_another_connection_reserved_is_not_released_by_this_one()
    {
        Assert.Null(Reserve("ann", 100, new SharedPeer(), Day));
        Book("ann", reserved: 100, used: 0);
        Assert.NotNull(Reserve("ann", 1, Day));
    }

    [Fact]
    public void What_the_database_knows_counts_once_however_many_tell_it()
    {
        var today = DateOnly.FromDateTime(_clock.GetUtcNow().UtcDateTime);
        Restore("ann", today, 40);
        Restore("ann", today, 40);
        Book("ann", reserved: 0, used: 30);
        Assert.Equal(70, Spent("ann").Spent[0].Amounts.Tokens);

        // Now the database has some of what was booked here.
        Restore("ann", today, 60);
        Assert.Equal(70, Spent("ann").Spent[0].Amounts.Tokens);
        Restore("ann", today, 90);
        Assert.Equal(90, Spent("ann").Spent[0].Amounts.Tokens);
        Restore("ann", today.AddDays(-1), 1000);
        Assert.Equal(90, Spent("ann").Spent[0].Amounts.Tokens);
    }

    [Fact]
    public void A_period_that_cannot_have_begun_is_not_taken()
    {
        Restore("ann", DateOnly.MaxValue, 40);
        Assert.Equal(1, _rig.State.Unknown);
        Assert.Equal(0, Spent("ann").Spent[0].Amounts.Tokens);
    }

    [Fact]
    public void The_spent_part_of_a_budget_is_told_as_a_metric()
    {
        Reserve("ann", 25, Day);
        var (labels, value) = Assert.Single(_rig.State.Accounts.ReadRatios());
        Assert.Equal(["ann", "day", "token"], labels);
        Assert.Equal(0.25, value);
    }

    private BudgetRefusal? Reserve(string key, long tokens, params BudgetOptions[] budgets) =>
        Reserve(key, tokens, _rig.Peer, budgets);

    private BudgetRefusal? Reserve(string key, long tokens, SharedPeer peer, params BudgetOptions[] budgets) =>
        Reserve(key, tokens, peer, cost: 0, budgets);

    private BudgetRefusal? Reserve(
        string key, long tokens, SharedPeer peer, long cost, params BudgetOptions[] budgets)
    {
        var answer = _rig.Say(
            output => BudgetMessages.WriteReserve(output, 9, key, new Amounts(cost, tokens), budgets), peer)!.Value;
        Assert.Equal((SharedKind.Reserved, 9), (answer.Kind, answer.Id));
        var reader = new MessagePackReader(answer.Bytes);
        SharedHeader.Read(ref reader);
        Assert.True(BudgetMessages.TryReadReserved(ref reader, budgets, out var refusal));
        return refusal;
    }

    private void Book(string key, long reserved, long used, long cost = 0) => Assert.Null(_rig.Say(
        output => BudgetMessages.WriteBook(output, key, new Amounts(0, reserved), new Amounts(cost, used))));

    private void Restore(string key, DateOnly start, long tokens) => Assert.Null(_rig.Say(
        output => BudgetMessages.WriteRestore(
            output, key, BudgetPeriod.Day, new Spent(start, new Amounts(0, tokens)))));

    private SharedSpent Spent(string key)
    {
        var answer = _rig.Say(output => BudgetMessages.WriteReadSpent(output, 2, key))!.Value;
        var reader = new MessagePackReader(answer.Bytes);
        var (_, _, fields) = SharedHeader.Read(ref reader);
        return BudgetMessages.ReadSpent(ref reader, fields)!;
    }
}
