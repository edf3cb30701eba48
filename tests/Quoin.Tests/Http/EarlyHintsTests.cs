using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http;

namespace Quoin.Tests.Http;

public sealed class EarlyHintsTests
{
    private const string Hints = "HTTP/1.1 103 Early Hints\r\nLink: </app.css>; rel=preload; as=style\r\n\r\n";

    [Fact]
    public async Task They_come_before_the_page_is_made()
    {
        var goOn = new TaskCompletionSource();
        await using var server = await HttpServer.StartAsync(app => app.Get("/", async (HttpResponse response) =>
        {
            response.Preload("/app.css", "style");
            Assert.True(await response.SendEarlyHintsAsync());
            await goOn.Task;
            return "page";
        }));
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(RequestOf("1.1", "Sec-Fetch-Mode: navigate\r\n"));
        var hints = new byte[Hints.Length];
        await stream.ReadExactlyAsync(hints);
        Assert.Equal(Hints, Encoding.ASCII.GetString(hints));
        goOn.SetResult();
        using var reader = new StreamReader(stream);
        var rest = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", rest, StringComparison.Ordinal);
        Assert.Contains("Link: </app.css>; rel=preload; as=style\r\n", rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.0", "Sec-Fetch-Mode: navigate\r\n", false)]
    [InlineData("1.1", "Sec-Fetch-Mode: cors\r\n", false)]
    [InlineData("1.1", "", false)]
    [InlineData("1.1", "", true)]
    [InlineData("1.1", "Sec-Fetch-Mode: navigate\r\n", true)]
    public async Task They_are_sent_to_whoever_understands_them(string version, string header, bool toAny)
    {
        await using var server = await HttpServer.StartAsync(app => app.Get("/", async (HttpResponse response) =>
        {
            Assert.False(await response.SendEarlyHintsAsync(toAny));
            response.Preload("/app.css", "style");
            return $"sent {await response.SendEarlyHintsAsync(toAny)}";
        }));
        var answer = await AskAsync(server, RequestOf(version, header));
        Assert.Equal(toAny, answer.Contains("sent True", StringComparison.Ordinal));
        Assert.Equal(toAny, answer.StartsWith(Hints, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Requests_in_one_packet_have_theirs_in_order()
    {
        await using var server = await HttpServer.StartAsync(app => app.Get("/", async (HttpResponse response) =>
        {
            response.Preload("/app.css", "style");
            await response.SendEarlyHintsAsync();
            return new string('a', 100_000);
        }));
        var one = "GET / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Mode: navigate\r\n\r\n";
        var answer = await AskAsync(
            server, [.. Encoding.ASCII.GetBytes(one + one), .. RequestOf("1.1", "Sec-Fetch-Mode: navigate\r\n")]);
        Assert.Equal(
            ["103", "200", "103", "200", "103", "200"],
            answer.Split("HTTP/1.1 ", StringSplitOptions.RemoveEmptyEntries).Select(part => part[..3]));
    }

    [Fact]
    public async Task A_response_that_has_begun_has_none()
    {
        await using var server = await HttpServer.StartAsync(
            app => app.Get("/", async (HttpResponse response) =>
            {
                response.Preload("/app.css", "style");
                await response.WriteAsync("begun ");
                await response.WriteAsync((await response.SendEarlyHintsAsync(toAnyClient: true)).ToString());
            }));
        Assert.Contains("begun", await AskAsync(server, RequestOf("1.1", "")), StringComparison.Ordinal);
        Assert.Equal("begun False", await server.Client.GetStringAsync("/"));
    }

    private static byte[] RequestOf(string version, string headers) =>
        Encoding.ASCII.GetBytes($"GET / HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");

    private static async Task<string> AskAsync(HttpServer server, byte[] request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
        await socket.GetStream().WriteAsync(request);
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync();
    }
}
