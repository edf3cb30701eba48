namespace Quoin.Tests.Configuration;

public sealed class FailoverSettingsTests
{
    [Theory]
    [InlineData("circuit_breaker: {failure_threshold: 0}", "circuit_breaker.failure_threshold", "1..10000")]
    [InlineData("circuit_breaker: {timeout: -1s}", "circuit_breaker.timeout", "10ms..1h")]
    [InlineData("circuit_breaker: {max_requests: 0}", "circuit_breaker.max_requests", "1..1000")]
    [InlineData("circuit_breaker: {interval: 2h}", "circuit_breaker.interval", "10ms..1h")]
    [InlineData("llm: {retry: {max_retries: -1}}", "llm.retry.max_retries", "0..10")]
    [InlineData("llm: {retry: {initial_delay: -5ms}}", "llm.retry.initial_delay", "1ms..1m")]
    [InlineData("llm: {retry: {multiplier: 0.5}}", "llm.retry.multiplier", "1..10")]
    [InlineData(
        "llm: {retry: {retryable_errors: [sunspots]}}", "llm.retry.retryable_errors[0]",
        "rate_limit, timeout, server_error")]
    [InlineData(
        "llm: {retry: {initial_delay: 10s, max_delay: 1s}}", "llm.retry.max_delay", "initial_delay no longer than")]
    [InlineData("llm: {health_check: {failure_threshold: 0}}", "llm.health_check.failure_threshold", "1..100")]
    [InlineData("models: {m: [{provider: sim, weight: 0}]}", "models.m[0].weight", "1..1000")]
    [InlineData(
        "models: {m: [{provider: sim, on_context_length: shrug}]}", "models.m[0].on_context_length", "fail, next")]
    [InlineData("models: {m: [{provider: sim, when: {dialect: [latin]}}]}", "models.m[0].when.dialect[0]", "gemini")]
    [InlineData(
        "models: {m: [{provider: sim, when: {max_prompt_tokens: 0}}]}", "models.m[0].when.max_prompt_tokens", "1..")]
    [InlineData("providers: {sim: {type: sim, api_keys: [a]}}", "providers.sim.api_keys", "only for")]
    public void A_bad_setting_is_refused_with_its_key_and_what_is_accepted(string yaml, string key, string accepted)
    {
        var error = Assert.Single(ConfigurationText.Errors(yaml));
        Assert.Contains(": " + key + ": ", error, StringComparison.Ordinal);
        Assert.Contains(accepted, error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_settings_of_the_guides_load()
    {
        var options = ConfigurationText.Options(
            """
            llm:
              retry:
                max_retries: 2
                initial_delay: 100ms
                max_delay: 5s
                multiplier: 1.5
                retryable_errors: [rate_limit, timeout, server_error]
              health_check: {enabled: true, interval: 15s, timeout: 5s, failure_threshold: 2}
            circuit_breaker:
              enabled: true
              failure_threshold: 5
              interval: 30s
              timeout: 30s
              max_requests: 100
            """,
            new() { ["CB_FAILURE_THRESHOLD"] = "7", ["CB_RECOVERY_TIMEOUT"] = "45", ["CB_HALF_OPEN_MAX"] = "3" });
        Assert.Equal((7, 3), (options.CircuitBreaker.FailureThreshold, options.CircuitBreaker.MaxRequests));
        Assert.Equal(TimeSpan.FromSeconds(45), options.CircuitBreaker.Timeout);
        Assert.Equal(["rate_limit", "timeout", "server_error"], options.Llm.Retry.RetryableErrors);
    }

    [Fact]
    public void Keys_are_never_repeated()
    {
        var yaml = "providers: {p: {type: openai, api_keys: [sk-very-secret-1, {a: b}]}}";
        Assert.All(
            ConfigurationText.Errors(yaml),
            error => Assert.DoesNotContain("sk-very-secret-1", error, StringComparison.Ordinal));
    }
}
