using Quoin.Server.Gateway.Keys;

namespace Quoin.Tests.Configuration;

public sealed class AuthOptionsTests
{
    [Theory]
    [InlineData("enabled: true", "auth.keys", "at least one key")]
    [InlineData("keys: [{name: a, key: short-secret}]", "auth.keys[0].key", "16 to 512")]
    [InlineData("keys: [{name: a, key: \"has a space in it 123\"}]", "auth.keys[0].key", "printable ASCII")]
    [InlineData("keys: [{name: a}]", "auth.keys[0]", "key: KEY or hash: sha256:HEX")]
    [InlineData("keys: [{name: a, hash: \"sha256:12\"}]", "auth.keys[0].hash", "64 hexadecimal")]
    [InlineData("keys: [{name: a b, key: 0123456789abcdef}]", "auth.keys[0].name", "letters, digits")]
    [InlineData("keys: [{name: a, key: 0123456789abcdef, expires: soon}]", "auth.keys[0].expires", "2027-01-31")]
    [InlineData("keys: [{name: a, key: 0123456789abcdef, priority: urgent}]", "auth.keys[0].priority", "high")]
    [InlineData("keys: [{name: a, key: 0123456789abcdef}, {name: a, key: 0123456789abcdeg}]",
        "auth.keys[1].name", "another name")]
    [InlineData("keys: [{name: a, key: 0123456789abcdef}, {name: b, key: 0123456789abcdef}]",
        "auth.keys[1]", "each key once")]
    public void A_key_that_cannot_be_is_refused_with_what_can(string yaml, string key, string accepted)
    {
        var error = Assert.Single(ConfigurationText.Load($"auth: {{{yaml}}}", []).Errors);
        Assert.Equal(key, error.Key);
        Assert.Contains(accepted, error.Accepted, StringComparison.Ordinal);
        Assert.DoesNotContain("short-secret", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hash_stands_for_its_key()
    {
        // printf %s 0123456789abcdef | sha256sum
        var options = ConfigurationText.Options("""
            auth:
              enabled: true
              keys: [{name: a, hash: "sha256:9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"}]
            """, []);
        var ring = new KeyRing(options.Auth);
        Assert.Equal("a", ring.Find("0123456789abcdef")?.Name);
        Assert.Null(ring.Find("0123456789abcdeF"));
        Assert.Null(ring.Find(new string('x', 10000)));
    }

    [Theory]
    [InlineData("auth: {enabled: true, keys: [{name: a, key: 0123456789abcdef}]}", "0.0.0.0")]
    [InlineData("auth: {keys: [{name: a, key: 0123456789abcdef}]}", "127.0.0.1")]
    [InlineData("{auth: {enabled: true, keys: [{name: a, key: 0123456789abcdef}]}, server: {host: 127.0.0.1}}",
        "127.0.0.1")]
    public void The_server_opens_to_others_by_itself_only_with_keys(string yaml, string host) =>
        Assert.Equal(host, ConfigurationText.Options(yaml, []).Server.Host);

    [Fact]
    public void A_key_is_masked_in_the_log() => Assert.Equal(
        "***", Server.Telemetry.SecretMask.From(
            ConfigurationText.Options("auth: {keys: [{name: a, key: 0123456789abcdef}]}", []))
            .Mask("0123456789abcdef"));
}
