using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Jobs;

public sealed class JobTableTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Numbers_and_names_on_disk_do_not_change()
    {
        Assert.Equal(
            "Accepted=1 Started=2 Finished=3 Cancelled=4 WebhookSettled=5",
            string.Join(' ', Enum.GetValues<JobRecordType>().Select(type => $"{type}={(byte)type}")));
        Assert.Equal(
            "OpenAIChat OpenAIResponses OpenAICompletions HapaxCompletions OpenAIEmbeddings AnthropicMessages "
            + "AnthropicCountTokens GeminiGenerate GeminiCountTokens GeminiEmbed GeminiBatchEmbed",
            string.Join(' ', Enum.GetNames<WireApi>()));
    }

    [Fact]
    public void The_bytes_of_a_record_do_not_change() => Assert.Equal(
        "I\0\0\0{\"id\":\"job_1\",\"at\":1000,\"status\":200,\"headers\":[\"Content-Type\",\"text/x\"]}body",
        Encoding.UTF8.GetString(JobRecords.Finished(
            "job_1", Answer("body"), DateTimeOffset.FromUnixTimeSeconds(1))));

    [Fact]
    public void The_first_result_stays()
    {
        var table = Table();
        Accept(table, "job_1");
        Finish(table, "job_1", "first");
        Finish(table, "job_1", "second");
        Apply(table, JobRecordType.Cancelled, JobRecords.Cancelled("job_1", _clock.GetUtcNow()));
        Apply(table, JobRecordType.Started, JobRecords.Started("job_1", 9, _clock.GetUtcNow()));
        var job = Find(table, "job_1");
        Assert.Equal((JobStatus.Succeeded, "first", 0), (job.Status, Body(job), job.Attempts));
    }

    [Fact]
    public void A_cancelled_job_gets_no_result()
    {
        var table = Table();
        Accept(table, "job_1");
        Apply(table, JobRecordType.Cancelled, JobRecords.Cancelled("job_1", _clock.GetUtcNow()));
        Finish(table, "job_1", "late");
        var job = Find(table, "job_1");
        Assert.Equal((JobStatus.Cancelled, null), (job.Status, job.Result));
    }

    [Fact]
    public void A_key_has_one_job_until_that_has_expired()
    {
        var table = Table();
        Accept(table, "job_1", key: "k");
        Accept(table, "job_2", key: "k");
        Accept(table, "job_3", key: "k", tenant: "other");
        Assert.Equal(2, table.Count);
        Finish(table, "job_1", "x");
        _clock.Advance(TimeSpan.FromHours(25));
        Assert.False(table.TryFind(new IdempotencyName("", "/p", "k"), out _, out var expired));
        Assert.Equal("job_1", expired);
        Accept(table, "job_4", key: "k", replaces: "job_1");
        table.Sweep();
        Assert.True(table.TryFind(new IdempotencyName("", "/p", "k"), out var entry, out _));
        Assert.Equal("job_4", entry.Job.Id);
    }

    [Fact]
    public void A_snapshot_gives_the_same_jobs_without_what_is_not_needed()
    {
        var table = Table();
        Accept(table, "job_1", key: "k", webhook: "https://x/");
        Apply(table, JobRecordType.Started, JobRecords.Started("job_1", 2, _clock.GetUtcNow()));
        Finish(table, "job_1", "done");
        Apply(table, JobRecordType.WebhookSettled, JobRecords.WebhookSettled("job_1", delivered: true));
        Accept(table, "job_2");
        Apply(table, JobRecordType.Started, JobRecords.Started("job_2", 1, _clock.GetUtcNow()));
        Accept(table, "job_3");
        Apply(table, JobRecordType.Cancelled, JobRecords.Cancelled("job_3", _clock.GetUtcNow()));
        var copy = Table();
        foreach (var (type, payload) in table.Snapshot())
        {
            copy.Apply(type, payload);
        }

        Assert.Equal(Describe(table), Describe(copy));
        Assert.Equal(table.Bytes, copy.Bytes);
        Assert.Equal(
            [("job_1", 0), ("job_2", 4), ("job_3", 0)],
            copy.All().Select(entry => (entry.Job.Id, entry.Job.Body.Length)));
    }

    [Fact]
    public void Results_are_kept_for_their_time_and_then_leave()
    {
        var table = Table();
        Accept(table, "job_1");
        Finish(table, "job_1", "x");
        Accept(table, "job_2");
        _clock.Advance(TimeSpan.FromHours(24));
        Assert.False(table.TryFind("job_1", out _));
        Assert.True(table.TryFind("job_2", out _));
        Assert.True(table.Sweep() > 0);
        Assert.Equal(1, table.Count);
        Assert.Equal(Find(table, "job_2").Bytes, table.Bytes);
    }

    [Fact]
    public void Room_is_reserved_while_a_job_is_on_its_way()
    {
        var table = Table(new JobsOptions { MaxJobs = 2 });
        Assert.True(table.TryReserve(1));
        Assert.True(table.TryReserve(1));
        Assert.False(table.TryReserve(1));
        table.Release(1);
        Accept(table, "job_1");
        Assert.False(table.TryReserve(1));
        var small = Table(new JobsOptions { MaxBytes = 5000 });
        Assert.True(small.TryReserve(3000));
        Assert.False(small.TryReserve(3000));
    }

    [Fact]
    public void Another_tenant_sees_nothing()
    {
        var table = Table();
        Accept(table, "job_1", tenant: "a");
        Accept(table, "job_2", tenant: "b");
        Assert.Equal("job_1", Assert.Single(table.List("a", null, null, 10)).Id);
        Assert.Equal(2, table.List(null, null, null, 10).Count);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 255, 255, 255, 255, 1 })]
    [InlineData(new byte[] { 2, 0, 0, 0, (byte)'{', (byte)'}' })]
    public void A_payload_that_is_none_changes_nothing(byte[] payload)
    {
        var table = Table();
        table.Apply(1, payload);
        Assert.Equal(0, table.Count);
    }

    private JobTable Table(JobsOptions? options = null) => new(() => options ?? new JobsOptions(), _clock);

    private void Accept(
        JobTable table, string id, string? key = null, string tenant = "", string? webhook = null,
        string? replaces = null) => Apply(table, JobRecordType.Accepted, JobRecords.Accepted(
            new JobRequest
            {
                Id = id,
                Tenant = tenant,
                Api = "OpenAIChat",
                Model = "m",
                Endpoint = "/p",
                Path = "/p",
                RequestId = "r",
                Created = _clock.GetUtcNow(),
                Headers = [("X-Quoin-Priority", "low")],
                IdempotencyKey = key,
                Webhook = webhook,
                Replaces = replaces,
            },
            "body"u8));

    private void Finish(JobTable table, string id, string body) =>
        Apply(table, JobRecordType.Finished, JobRecords.Finished(id, Answer(body), _clock.GetUtcNow()));

    private static void Apply(JobTable table, JobRecordType type, byte[] payload) => table.Apply((byte)type, payload);

    private static RecordedAnswer Answer(string body) =>
        new(200, [("Content-Type", "text/x")], Encoding.UTF8.GetBytes(body));

    private static Job Find(JobTable table, string id)
    {
        Assert.True(table.TryFind(id, out var entry));
        return entry.Job;
    }

    private static string Body(Job job) => Encoding.UTF8.GetString(job.Result!.Body.Span);

    private static IEnumerable<string> Describe(JobTable table) => table.All().Select(entry => entry.Job).Select(job =>
        $"{job.Request with { Headers = [] }} {string.Join(',', job.Request.Headers)} {job.Status} {job.Attempts} "
        + $"{job.Started:O} {job.Finished:O} {job.Webhook} {(job.Result is null ? "" : Body(job))}");
}
