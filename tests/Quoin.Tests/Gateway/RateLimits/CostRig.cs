using System.Globalization;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Accounting;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.RateLimits;

/// <summary>
/// A gateway without a database under limits, before scripted providers with prices: a token costs 1 millionth of a
/// dollar in and 2 out. The model <c>free</c> has no price: asking for it shows what is left and takes nothing of it.
/// </summary>
internal static class CostRig
{
    /// <summary>Two tokens in and 40 out at the most: 82 millionths are reserved.</summary>
    public const int Reserved = 82;

    public const string Free = """{"model":"free","max_tokens":40,"messages":[{"role":"user","content":"hi"}]}""";

    /// <summary>5 tokens in and 6 out: 17 millionths.</summary>
    public static readonly string Answer = UsageRig.Answer(UsageRig.Told(5, 6));

    public static Task<UsageRig> StartAsync(
        ScriptedUpstream[] upstreams, RateLimitOptions limits, Func<QuoinOptions, QuoinOptions>? change = null,
        TimeProvider? time = null) => UsageRig.StartAsync(
            upstreams,
            change: options =>
            {
                options = options with
                {
                    Database = new(),
                    RateLimit = limits with { Enabled = true },
                    Providers = options.Providers.ToDictionary(
                        provider => provider.Key, provider => provider.Value with { Prices = Prices(1, 2) },
                        StringComparer.Ordinal),
                    Llm = options.Llm with { HealthCheck = new() { Enabled = false } },
                };
                return change is null ? options : change(options);
            },
            time: time);

    public static IReadOnlyDictionary<string, PriceOptions> Prices(double input, double output) =>
        PricesOf("m*", input, output);

    public static IReadOnlyDictionary<string, PriceOptions> PricesOf(string models, double input, double output) =>
        new Dictionary<string, PriceOptions>(StringComparer.Ordinal)
        {
            [models] = new() { Input = input, Output = output },
        };

    public static async Task<(int Status, long Left)> AskAsync(
        UsageRig rig, string body = UsageRig.Chat, string key = UsageRig.Ann, string limit = "cost")
    {
        using var response = await rig.SendAsync(body, key);
        await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, Left(response, limit));
    }

    /// <summary>Until the limit has so much left: who was answered is settled a little later.</summary>
    public static async Task ShowsAsync(UsageRig rig, Func<long, bool> expected, string key = UsageRig.Ann)
    {
        while (!expected((await AskAsync(rig, Free, key)).Left))
        {
            await Task.Yield();
        }
    }

    public static long Left(HttpResponseMessage response, string limit = "cost")
    {
        var text = string.Join(", ", response.Headers.GetValues("RateLimit"));
        var name = $"\"{limit}\";r=";
        var at = text.IndexOf(name, StringComparison.Ordinal);
        return at < 0
            ? -1
            : long.Parse(text[(at + name.Length)..text.IndexOf(';', at + name.Length)], CultureInfo.InvariantCulture);
    }
}
