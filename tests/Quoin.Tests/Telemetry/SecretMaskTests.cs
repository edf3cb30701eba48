using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Tests.Telemetry;

public sealed class SecretMaskTests
{
    [Theory]
    [InlineData("no secret here", "no secret here")]
    [InlineData("sk-abcdefgh", "***")]
    [InlineData("a sk-abcdefgh b sk-abcdefgh c", "a *** b *** c")]
    [InlineData("ü sk-abcdefgh ü", "ü *** ü")]
    [InlineData("sk-abcdefgh-longer!", "***!")]
    [InlineData("sk-abcdefg", "sk-abcdefg")]
    [InlineData("?key=with%20space%2Band", "?key=***")]
    [InlineData("with space+and", "***")]
    [InlineData("quote\\\"quote", "***")]
    [InlineData("schlüsselwort", "***")]
    public void Secrets_are_replaced(string text, string expected)
    {
        var mask = new SecretMask(
            ["sk-abcdefgh", "sk-abcdefgh-longer", "with space+and", "quote\"quote", "schlüsselwort", null]);

        Assert.Equal(expected, mask.Mask(text));
        Assert.Equal(text != expected, mask.Matches(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Short_secrets_are_left_since_they_are_found_in_words()
    {
        Assert.Equal("1234567 stays", new SecretMask(["1234567"]).Mask("1234567 stays"));
    }

    [Fact]
    public void Keys_and_headers_of_providers_are_secrets()
    {
        var mask = SecretMask.From(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>
            {
                ["a"] = new() { Type = "openai", ApiKey = "sk-first-key" },
                ["b"] = new()
                {
                    Type = "openai",
                    Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer second-key" },
                },
            },
        });

        Assert.Equal("*** *** ***", mask.Mask("sk-first-key second-key Bearer second-key"));
    }

    [Theory]
    [InlineData("redis://:first%20password@cache:6379/1", null, "first password")]
    [InlineData("cache:6379", "second-password", "second-password")]
    public void Passwords_of_Redis_are_secrets(string address, string? password, string secret)
    {
        var redis = new RedisOptions { Address = address, Password = password };
        var mask = SecretMask.From(new QuoinOptions { Llm = new() { Cache = new() { Redis = redis } } });
        Assert.Equal("AUTH ***", mask.Mask($"AUTH {secret}"));
    }

    [Fact]
    public void Hundreds_of_secrets_are_all_found()
    {
        var secrets = Enumerable.Range(0, 500).Select(i => $"secret-key-{i:0000}").ToArray();
        var mask = new SecretMask(secrets);

        Assert.All(secrets, secret => Assert.Equal("<***>", mask.Mask($"<{secret}>")));
    }
}
