using Quoin.Server.Configuration;

namespace Quoin.Tests.Configuration;

public sealed class JobsOptionsTests
{
    [Theory]
    [InlineData("jobs: {retention: 1s}", "jobs.retention", "1m..720h")]
    [InlineData("jobs: {max_concurrency: 0}", "jobs.max_concurrency", "1..10000")]
    [InlineData("jobs: {max_attempts: -1}", "jobs.max_attempts", "1..100")]
    [InlineData("jobs: {max_bytes: 1KB}", "jobs.max_bytes", "1MB..64GB")]
    [InlineData("jobs: {webhook_secret: pw-12345}", "jobs.webhook_secret", "16 characters")]
    [InlineData("jobs: {webhook_allowed_hosts: [\"http://x/\"]}", "jobs.webhook_allowed_hosts[0]", "NAME")]
    [InlineData("jobs: {webhook_allowed_hosts: [ok.test, \"a/b\"]}", "jobs.webhook_allowed_hosts[1]", "NAME")]
    [InlineData("queue: {save_interval: 0s}", "queue.save_interval", "1s..1h")]
    [InlineData("idempotency: {max_entries: 0}", "idempotency.max_entries", "1..1000000")]
    public void A_value_that_cannot_be_is_refused_with_what_can(string yaml, string key, string accepted)
    {
        var error = Assert.Single(ConfigurationText.Load(yaml, []).Errors);
        Assert.Equal(key, error.Key);
        Assert.Contains(accepted, error.Accepted, StringComparison.Ordinal);
        Assert.DoesNotContain("pw-12345", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_path_means_no_journal() =>
        Assert.Null(ConfigurationText.Options("queue: {state_path: \"\"}", []).Queue.StatePath);

    [Fact]
    public void The_secret_of_webhooks_is_masked_in_the_log() => Assert.Equal(
        "***", Server.Telemetry.SecretMask.From(new QuoinOptions
        {
            Jobs = new JobsOptions { WebhookSecret = "a long enough secret" },
        }).Mask("a long enough secret"));
}
