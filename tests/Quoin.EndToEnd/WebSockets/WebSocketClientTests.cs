using Quoin.EndToEnd.Processes;
using Quoin.Http;

namespace Quoin.EndToEnd.WebSockets;

/// <summary>Clients of other makers against an echo server.</summary>
public sealed class WebSocketClientTests
{
    [Fact]
    public async Task Npm_ws_gets_everything_back()
    {
        Assert.SkipWhen(Workplace.ClientsMissing is not null, Workplace.ClientsMissing ?? "");
        Assert.SkipUnless(Directory.Exists(Path.Combine(Workplace.Clients, "node_modules/ws")), "npm ws is missing");
        await RunAsync("node", "websocket.mjs", ["plain", "compressed", "too big", "fragments"]);
    }

    [Fact]
    public async Task Python_websockets_gets_everything_back()
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(
            Directory.Exists("/usr/lib/python3/dist-packages/websockets"), "python3-websockets is missing");
        await RunAsync(Python, "websocket_client.py", ["plain", "compressed", "too big"]);
    }

    private static async Task RunAsync(string program, string script, string[] cases)
    {
        await using var app = new HttpApp(new HttpAppOptions { Port = 0, WebSocket = new() { Compression = true } });
        app.WebSocket(
            "/ws",
            async socket =>
            {
                await foreach (var message in socket.ReadAsync())
                {
                    await socket.SendAsync(message);
                }
            },
            "echo");
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = new UriBuilder(app.Addresses[0]) { Scheme = "ws", Path = "/ws" }.Uri;
        await using var client = new ChildProcess(program, [script, address.ToString()], Workplace.Clients);
        var output = await client.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(client.ExitCode == 0, client.Errors);
        Assert.All(cases, name => Assert.Contains(name, output, StringComparison.Ordinal));
    }
}
