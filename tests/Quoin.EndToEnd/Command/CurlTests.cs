using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Command;

/// <summary>What a person sees who types <c>curl -N</c>.</summary>
public sealed class CurlTests
{
    private const string Question = """{"model":"sim","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";

    [Fact]
    public async Task Events_arrive_while_the_answer_is_still_being_written()
    {
        // One token in half a minute: what is read at once was not held back until the end. And the server would wait
        // longer for running requests at its stop than the test waits for the server.
        const string Configuration = """
            server: {shutdown_timeout: 10m}
            providers: {sim: {type: sim, sim: {token_rate: 0.03}}}
            """;
        Assert.SkipWhen(Workplace.Find("curl") is null, "curl not found");
        await using var quoin = await QuoinProcess.StartAsync(Configuration, TestContext.Current.CancellationToken);
        await using var curl = Curl(quoin);
        Assert.StartsWith("data: {", await curl.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.False(curl.HasExited);

        // The client leaves in the middle, and the call ends with it: nothing is left to wait for.
        await curl.DisposeAsync();
        Assert.Equal(0, await quoin.StopAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stream_is_events_with_blank_lines_between_and_ends_with_done()
    {
        Assert.SkipWhen(Workplace.Find("curl") is null, "curl not found");
        await using var quoin = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        await using var curl = Curl(quoin);
        var events = (await curl.ReadToEndAsync(TestContext.Current.CancellationToken)).Split("\n\n");
        Assert.Equal(0, curl.ExitCode);
        Assert.Equal("", events[^1]);
        Assert.Equal("data: [DONE]", events[^2]);
        Assert.All(events[..^2], one => Assert.StartsWith("data: {", one));
        Assert.True(events.Length > 10, $"{events.Length} events");
    }

    [Fact]
    public async Task The_sample_script_asks_every_api_and_is_answered()
    {
        Assert.SkipWhen(Workplace.Find("curl") is null, "curl not found");
        await using var quoin = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        await using var script = new ChildProcess(
            Workplace.Find("env")!,
            [
                "QUOIN_URL=" + quoin.Address.ToString().TrimEnd('/'),
                Path.Combine(Workplace.Root, "samples/clients/curl.sh"),
            ],
            Path.GetTempPath());
        var answers = await script.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", script.Errors);
        Assert.Equal(0, script.ExitCode);
        Assert.Equal(9, answers.Split("== /v1").Length - 1);
    }

    private static ChildProcess Curl(QuoinProcess quoin) => new(
        Workplace.Find("curl")!,
        [
            "-sS", "-N", new Uri(quoin.Address, "/v1/chat/completions").ToString(),
            "-H", "Content-Type: application/json", "-d", Question,
        ],
        Path.GetTempPath());
}
