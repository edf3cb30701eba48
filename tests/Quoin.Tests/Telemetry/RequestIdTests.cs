using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Telemetry;

public sealed class RequestIdTests
{
    private readonly IdSource _ids = new(seed: 1, key: 2);
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("a")]
    [InlineData("my-request_1.2:3/!~")]
    public void The_clients_id_is_kept(string id)
    {
        Assert.Same(id, RequestId.Choose(id, _ids, _clock));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("line\nbreak")]
    [InlineData("del\u007f")]
    [InlineData("ümlaut")]
    public void An_id_that_cannot_be_logged_or_sent_back_is_replaced(string? id)
    {
        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", RequestId.Choose(id, _ids, _clock));
    }

    [Fact]
    public void The_longest_id_kept_has_128_characters()
    {
        Assert.True(RequestId.IsFit(new string('x', 128)));
        Assert.False(RequestId.IsFit(new string('x', 129)));
    }

    [Fact]
    public void New_ids_sort_by_time_and_tell_it()
    {
        var ids = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            ids.Add(RequestId.New(_ids, _clock));
            _clock.Advance(TimeSpan.FromMilliseconds(7));
        }

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        var milliseconds = ids[0][..10].Aggregate(
            0L, (sum, digit) => (sum * 32) + Digits.IndexOf(digit, StringComparison.Ordinal));
        Assert.Equal(ManualClock.Origin.ToUnixTimeMilliseconds(), milliseconds);
    }

    [Fact]
    public void Ids_of_many_threads_differ()
    {
        var ids = ParallelEnumerable.Range(0, 20_000).Select(_ => RequestId.New(_ids, _clock)).ToList();

        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void The_same_seed_gives_the_same_ids_and_another_key_others()
    {
        Assert.Equal(new IdSource(5, 6).Next(), new IdSource(5, 6).Next());
        Assert.NotEqual(new IdSource(5, 6).Next(), new IdSource(5, 7).Next());
    }
}
