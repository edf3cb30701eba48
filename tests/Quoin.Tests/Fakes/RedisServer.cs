using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Quoin.Tests.Fakes;

/// <summary>Debian's redis-server on a free port of 127.0.0.1, without persistence; it ends with the test.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string _password;
    private Process? _process;

    private RedisServer(int port, string password) => (Port, _password) = (port, password);

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Skips the test where the program is not installed.</summary>
    public static async Task<RedisServer> StartAsync(string password = "")
    {
        if (!File.Exists("/usr/bin/redis-server"))
        {
            Assert.Skip("redis-server is not installed");
        }

        var server = new RedisServer(FreePort(), password);
        await server.StartAgainAsync();
        return server;
    }

    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("/usr/bin/redis-server")
        {
            ArgumentList =
            {
                "--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "16",
                "--requirepass", _password, "--logfile", "/dev/null", "--dir", "/tmp",
            },
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        _process = Process.Start(start)!;
        while (!await AnswersAsync())
        {
            Assert.False(_process.HasExited, "redis-server ended");
            await Task.Yield();
        }
    }

    /// <summary>As a crash would: nothing is told to its clients but the end of their connections.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }
    }

    private static int FreePort()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return port;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            await client.GetStream().WriteAsync("PING\r\n"u8.ToArray());
            var answer = new byte[64];
            var read = await client.GetStream().ReadAsync(answer);
            var text = Encoding.ASCII.GetString(answer, 0, read);
            return text.StartsWith("+PONG", StringComparison.Ordinal)
                || text.StartsWith("-NOAUTH", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }
}
