using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Idempotency;

public sealed class IdempotencyStoreTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void A_key_is_its_tenants_own()
    {
        var store = Store();
        store.Enter(new("a", "/x", "k"), "f", out var first);
        store.Enter(new("b", "/x", "k"), "f", out var otherTenant);
        store.Enter(new("a", "/x", "k"), "f", out var again);
        Assert.Equal((true, true, false), (first, otherTenant, again));
    }

    [Fact]
    public void An_answer_is_kept_for_its_time()
    {
        var store = Store(new() { Retention = TimeSpan.FromHours(1) });
        Keep(store, "k", 10);
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(Leads(store, "k"));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(Leads(store, "k"));
        Assert.Equal((0, 0L), (store.Count, store.Bytes));
    }

    [Fact]
    public void The_oldest_answers_make_room_for_new_bytes()
    {
        var store = Store(new() { MaxBytes = 3 * (IdempotencyLimits.EntryBytes + 1000) });
        foreach (var key in (string[])["a", "b", "c", "d"])
        {
            Keep(store, key, 1000);
        }

        Assert.Equal(3, store.Count);
        Assert.False(Leads(store, "b"));
        Assert.True(Leads(store, "a"));
    }

    [Fact]
    public async Task Whoever_waits_for_a_leader_without_an_answer_may_lead()
    {
        var store = Store();
        var entry = store.Enter(new("", "/x", "k"), "f", out _);
        var waiting = store.Enter(new("", "/x", "k"), "f", out _).Completion.Task;
        store.Drop(entry);
        Assert.Null(await waiting);
        Assert.True(Leads(store, "k"));
    }

    private static bool Leads(IdempotencyStore store, string key)
    {
        store.Enter(new("", "/x", key), "f", out var leads);
        return leads;
    }

    private static void Keep(IdempotencyStore store, string key, int bytes) =>
        store.Keep(store.Enter(new("", "/x", key), "f", out _), new RecordedAnswer(200, [], new byte[bytes]));

    private IdempotencyStore Store(IdempotencyOptions? options = null) =>
        new(() => options ?? new IdempotencyOptions(), _clock);
}
