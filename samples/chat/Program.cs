using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Http.WebSockets;

var port = args is [var given] ? int.Parse(given, CultureInfo.InvariantCulture) : 8080;
await using var app = new HttpApp(new HttpAppOptions
{
    Port = port,
    WebSocket = new WebSocketOptions { MaxMessageSize = 64 * 1024, Compression = true },
});
var members = new ConcurrentDictionary<WebSocketConnection, string>();

app.Get("/", () => Results.Stream(typeof(Program).Assembly.GetManifestResourceStream("chat.html")!, "text/html"));

app.WebSocket("/chat", async socket =>
{
    var name = socket.Request.Query["name"].ToString() is { Length: > 0 and <= 40 } chosen ? chosen : "somebody";
    members[socket] = name;
    try
    {
        Say($"{name} has come");
        await foreach (var message in socket.ReadAsync())
        {
            if (!message.IsText)
            {
                await socket.CloseAsync(WebSocketCloseCode.UnsupportedData, "text only");
                return;
            }

            Say($"{name}: {message.Text}");
        }
    }
    finally
    {
        members.TryRemove(socket, out _);
        Say($"{name} has left");
    }
});

await app.RunAsync();

// Nobody waits for anybody: whoever reads so slowly that the queue is full is asked to come back later.
void Say(string text)
{
    foreach (var (member, _) in members)
    {
        if (!member.TrySend(text) && members.TryRemove(member, out _))
        {
            _ = member.CloseAsync(WebSocketCloseCode.TryAgainLater, "too slow");
        }
    }
}
