using System.Net.WebSockets;
using System.Text;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Samples;

/// <summary>The samples on Quoin.Http, built and run as their pages say.</summary>
public sealed class SampleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hello_says_hello()
    {
        var port = Workplace.FreePort();
        await using var sample = Start("Hello", port);
        Assert.Equal("Hello you", await GetAsync(sample, $"http://127.0.0.1:{port}/hello/you"));
    }

    [Fact]
    public async Task Members_of_the_chat_hear_each_other_and_one_that_does_not_read_holds_nobody_up()
    {
        const int Messages = 5000;
        var port = Workplace.FreePort();
        await using var sample = Start("Chat", port);
        Assert.Contains("<title>Chat</title>", await GetAsync(sample, $"http://127.0.0.1:{port}/"));
        using var ann = await JoinAsync(port, "Ann");
        Assert.Equal("Ann has come", await ReadAsync(ann));
        using var bob = await JoinAsync(port, "Bob");
        Assert.Equal("Bob has come", await ReadAsync(ann));
        Assert.Equal("Bob has come", await ReadAsync(bob));
        using var slow = await JoinAsync(port, "Slow");
        Assert.Equal("Slow has come", await ReadAsync(ann));
        Assert.Equal("Slow has come", await ReadAsync(bob));

        // More than the network holds for one that never reads.
        var text = new string('x', 4000);
        var heard = new List<string?>();
        for (var i = 0; i < Messages; i++)
        {
            await ann.SendAsync(
                Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Cancellation);
            await HearAsync(ann, heard);
            await HearAsync(bob, []);
        }

        await bob.SendAsync(new byte[1], WebSocketMessageType.Binary, endOfMessage: true, Cancellation);
        Assert.Null(await ReadAsync(bob));
        Assert.Equal(
            (WebSocketCloseStatus.InvalidMessageType, "text only"), (bob.CloseStatus, bob.CloseStatusDescription));
        await bob.CloseOutputAsync(WebSocketCloseStatus.InvalidMessageType, "", Cancellation);

        // Slow was closed while they talked; its handler ends when it does not answer that.
        while (!(heard.Contains("Bob has left") && heard.Contains("Slow has left")))
        {
            heard.Add(await ReadAsync(ann));
            Assert.NotNull(heard[^1]);
        }
    }

    private static ChildProcess Start(string sample, int port) => new(
        "dotnet", [Path.GetFullPath(Path.Combine(
            AppContext.BaseDirectory, "../..", sample, Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')),
            sample + ".dll")), $"{port}"],
        Workplace.Root);

    /// <summary>Asks until the sample listens; it has nowhere to tell that it does.</summary>
    private static async Task<string> GetAsync(ChildProcess sample, string address)
    {
        using var client = new HttpClient();
        while (true)
        {
            try
            {
                return await client.GetStringAsync(address, Cancellation);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
            {
                Assert.False(sample.HasExited, sample.Errors);
            }
        }
    }

    private static async Task<ClientWebSocket> JoinAsync(int port, string name)
    {
        var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/chat?name={name}"), Cancellation);
        return client;
    }

    /// <summary>Reads up to what Ann says; what comes before it is noted.</summary>
    private static async Task HearAsync(ClientWebSocket client, List<string?> heard)
    {
        string? text;
        while ((text = await ReadAsync(client)) is not null && !text.StartsWith("Ann: ", StringComparison.Ordinal))
        {
            heard.Add(text);
        }

        Assert.Equal(4005, text?.Length);
    }

    /// <summary>Null: a close.</summary>
    private static async Task<string?> ReadAsync(ClientWebSocket client)
    {
        var (buffer, text) = (new byte[64 * 1024], new MemoryStream());
        while (true)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(), Cancellation);
            text.Write(buffer, 0, read.Count);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            if (read.EndOfMessage)
            {
                return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
            }
        }
    }
}
