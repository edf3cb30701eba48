using System.Text.Json.Nodes;
using Quoin.Server.Workers;

namespace Quoin.Tests.Workers;

public sealed class ControlMergeTests
{
    [Fact]
    public void Counts_add_up_and_a_rate_is_told_anew()
    {
        Assert.Equal(
            """{"hits":3,"misses":1,"coalesced":0,"hit_rate":0.75,"type":"memory","size":7,"ttl_seconds":300}""",
            Merge(
                """{"hits":1,"misses":1,"coalesced":0,"hit_rate":0.5,"type":"memory","size":3,"ttl_seconds":300}""",
                """{"hits":2,"misses":0,"coalesced":0,"hit_rate":1,"type":"memory","size":4,"ttl_seconds":300}"""));
    }

    [Fact]
    public void Any_number_of_workers_is_added_up() => Assert.Equal(
        """{"capacity":3000,"wait":{"p50":0.25}}""",
        Merge(
            """{"capacity":1000,"wait":{"p50":0.1}}""", """{"capacity":1000,"wait":{"p50":0.25}}""",
            """{"capacity":1000,"wait":{"p50":0}}"""));

    [Fact]
    public void A_store_that_all_share_is_not_counted_twice() => Assert.Equal(
        """{"type":"redis","size":4}""", Merge("""{"type":"redis","size":3}""", """{"type":"redis","size":4}"""));

    [Fact]
    public void Providers_are_told_by_name_with_the_worst_state_and_the_latest_error()
    {
        Assert.Equal(
            """
            {"data":[{"name":"a","state":"drained","circuit_breaker":"open","in_flight":3,"latency_ms":5,
            "success_rate":0.5,"last_error":{"at":"2026-01-02","type":"y"}},{"name":"b","state":"healthy"}]}
            """.ReplaceLineEndings(""),
            Merge(
                """
                {"data":[{"name":"a","state":"healthy","circuit_breaker":"open","in_flight":1,"latency_ms":5,
                "success_rate":1,"last_error":{"at":"2026-01-01","type":"x"}},{"name":"b","state":"healthy"}]}
                """,
                """
                {"data":[{"name":"a","state":"drained","circuit_breaker":"closed","in_flight":2,"latency_ms":2,
                "success_rate":0.5,"last_error":{"at":"2026-01-02","type":"y"}}]}
                """));
    }

    [Fact]
    public void An_error_that_only_another_worker_saw_is_told() => Assert.Equal(
        """{"last_error":{"at":"1"}}""", Merge("""{"last_error":null}""", """{"last_error":{"at":"1"}}"""));

    private static string Merge(params string[] answers) =>
        ControlMerge.Merge([.. answers.Select(answer => JsonNode.Parse(answer))])!.ToJsonString();
}
