using System.Text;
using Quoin.Server.Configuration;
using Quoin.Server.Configuration.Printing;

namespace Quoin.Tests.Configuration;

/// <summary>Random and mutated files: nothing but errors comes out, and never a secret.</summary>
public sealed class ConfigurationFuzzTests
{
    private const string Secret = "zq7secret";

    private static readonly string[] Pieces =
    [
        "server", "port", "providers", "type", "sim", "openai", "api_key", "base_url", "headers", "models", "metrics",
        ":", ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "!t ",
        "|\n", ">-\n", "\"", "'",
        "#", "?", "%", "@", "`", "---", "...", "\t", "\0", "\u2028", "é", "😀", "${A}", "${", "$${",
        "8080", "1e9", "~",
        "null", "true", "30s", "<<", "\r\n", "0x1", "-", ".", "=", "\\", "\\x",
    ];

    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(
        """
        server: {port: 1001, max_request_size: 20MB}
        llm:
          timeout: 1m30s
        providers:
          main: &main
            type: openai-compatible
            base_url: "http://10.0.0.1:9000/v1"
            headers: {X-Team: 'blue'}
            models: [a, "b*", 4]
          other: *main
          sim: {type: sim, model: "${A:-x}"}
        provider_preference:
          - sim
        models:
          gpt:
            - {provider: main, model: large}
        """);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mutated_files_give_a_configuration_or_errors(int seed)
    {
        var random = new Random(seed);
        var (valid, invalid) = (0, 0);
        for (var i = 0; i < 2500; i++)
        {
            var file = i % 5 == 0 ? RandomPieces(random) : Mutate(random);
            var result = ConfigurationText.Load(file, new() { ["A"] = "alpha" });
            if (result.Configuration is { } configuration)
            {
                valid++;
                Assert.Empty(result.Errors);
                // What is shown reads back: the printer knows every value that the binder lets in.
                var again = ConfigurationText.Load(EffectiveConfiguration.ToYaml(configuration));
                Assert.True(again.Configuration is not null, $"seed {seed}, file {i}");
            }
            else
            {
                invalid++;
                Assert.NotEmpty(result.Errors);
                Assert.All(result.Errors, error => Assert.DoesNotContain('\n', error.ToString()));
            }
        }

        Assert.True(valid > 50, "the mutations leave too few files valid to test anything");
        Assert.True(invalid > 50, "the mutations make too few files invalid to test anything");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void No_secret_is_in_any_output(int seed)
    {
        var random = new Random(seed);
        string[] keys = ["api_key", "headers", "base_url", "model", "models", "type", "sim", "default_max_tokens"];
        string[] values =
        [
            "$V", "[$V]", "{a: $V}", "{$V-x: $V}", "'$V", "|\n      $V", "&a $V", "!x $V", "*$V", "[{a: [$V]}]",
            "https://u:$V@host/v1", "https://$V@host/$V@x", "htp://u:$V@host", "u:$V@host", "https://host/?k=$V",
        ];
        for (var i = 0; i < 3000; i++)
        {
            var key = keys[random.Next(keys.Length)];
            var value = values[random.Next(values.Length)];
            // A secret written out is one only where a secret belongs; from a variable that is named so, anywhere.
            var literal = key is "api_key" or "headers" ||
                (key == "base_url" && value.Contains("$V@", StringComparison.Ordinal));
            value = value.Replace("{$V-x", "{x", StringComparison.Ordinal)
                .Replace("$V", literal && random.Next(2) == 0 ? Secret : "${MY_SECRET}", StringComparison.Ordinal);
            var type = random.Next(2) == 0 ? "openai" : "ollama";
            var yaml = $"providers:\n  p:\n    type: {type}\n    {key}: {value}\n";
            var result = ConfigurationText.Load(yaml, new() { ["MY_SECRET"] = Secret });
            foreach (var error in result.Errors)
            {
                foreach (var part in new[] { error.ToString(), error.Found, error.Accepted, error.Nearest, error.Key })
                    Assert.False(part?.Contains(Secret, StringComparison.Ordinal) ?? false, $"{yaml}\n{error}");
            }

            if (result.Configuration is not { } configuration)
                continue;
            Assert.False(
                EffectiveConfiguration.ToYaml(configuration).Contains(Secret, StringComparison.Ordinal), yaml);
            Assert.DoesNotContain(
                ConfigurationDifference.Between(new QuoinOptions(), configuration.Options),
                change => change.Key.Contains(Secret, StringComparison.Ordinal));
        }
    }

    private static byte[] RandomPieces(Random random)
    {
        var text = new StringBuilder();
        for (var count = random.Next(40); count > 0; count--)
            text.Append(Pieces[random.Next(Pieces.Length)]);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] Mutate(Random random)
    {
        var file = Sample.ToList();
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(file.Count);
            switch (random.Next(5))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1:
                    file.RemoveRange(at, Math.Min(random.Next(1, 20), file.Count - at));
                    break;
                case 2:
                    file.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 3:
                    file.InsertRange(at, file.GetRange(0, random.Next(at + 1)));
                    break;
                default:
                    file[at] = (byte)"abcxyz0123456789"[random.Next(16)];
                    break;
            }
        }

        return [.. file];
    }
}
