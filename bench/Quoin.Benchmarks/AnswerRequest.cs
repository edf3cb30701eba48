using System.Net;
using System.Net.Sockets;
using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Quoin.Http;

namespace Quoin.Benchmarks;

/// <summary>
/// A short request over one connection, to Quoin.Http with all limits on, and to bare Kestrel with the same routes. The
/// client is a blocking socket that allocates nothing.
/// </summary>
[MemoryDiagnoser]
public class AnswerRequest
{
    private static readonly byte[] TextRequest = Encoding.ASCII.GetBytes("GET /text HTTP/1.1\r\nHost: x\r\n\r\n");
    private static readonly byte[] JsonRequest = Encoding.ASCII.GetBytes("GET /json HTTP/1.1\r\nHost: x\r\n\r\n");

    private readonly byte[] _buffer = new byte[4096];
    private HttpApp _app = null!;
    private WebApplication _bare = null!;
    private Socket _toApp = null!;
    private Socket _toBare = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        _app = new HttpApp(new() { Port = 0, MaxKeepAliveRequests = int.MaxValue });
        _app.Get("/text", () => "Hello, World!");
        _app.Get("/json", () => new Message("Hello, World!"));
        await _app.StartAsync();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _bare = builder.Build();
        _bare.MapGet("/text", () => "Hello, World!");
        _bare.MapGet("/json", () => new Message("Hello, World!"));
        await _bare.StartAsync();
        _toApp = Connect(_app.Addresses[0].Port);
        _toBare = Connect(new Uri(_bare.Urls.Single()).Port);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        _toApp.Dispose();
        _toBare.Dispose();
        await _app.DisposeAsync();
        await _bare.DisposeAsync();
    }

    [Benchmark(Baseline = true)]
    public int BareText() => Exchange(_toBare, TextRequest);

    [Benchmark]
    public int Text() => Exchange(_toApp, TextRequest);

    [Benchmark]
    public int BareJson() => Exchange(_toBare, JsonRequest);

    [Benchmark]
    public int Json() => Exchange(_toApp, JsonRequest);

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    /// <summary>The text has a length, the JSON is chunked.</summary>
    private int Exchange(Socket socket, byte[] request)
    {
        socket.Send(request);
        var length = 0;
        do
        {
            length += socket.Receive(_buffer.AsSpan(length));
        }
        while (!IsWhole(_buffer.AsSpan(0, length)));
        return length;
    }

    private static bool IsWhole(ReadOnlySpan<byte> answer) =>
        answer.EndsWith("World!"u8) || answer.EndsWith("0\r\n\r\n"u8);

    private sealed record Message(string Text);
}
