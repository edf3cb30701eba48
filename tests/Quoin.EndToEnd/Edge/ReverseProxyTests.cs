using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Edge;

/// <summary>Real proxies in front of the server.</summary>
public sealed class ReverseProxyTests
{
    private const string Question = """{"model":"sim","messages":[{"role":"user","content":"echo: Through"}]}""";

    [Fact]
    public async Task Behind_nginx_as_in_the_sample_the_client_is_known_and_cannot_lie()
    {
        const string Configuration = """
            server: {trusted_proxies: [127.0.0.1], forwarded_header: x-forwarded}
            rate_limit: {default: 1/day, per: ip}
            """;
        SkipWithout("nginx", "curl");
        await using var quoin = await QuoinProcess.StartAsync(Configuration, TestContext.Current.CancellationToken);
        await using var nginx = await Proxy.NginxAsync(quoin.Address);
        Assert.Equal("200", await StatusAsync(nginx, "127.0.0.2", "203.0.113.1"));
        Assert.Equal("429", await StatusAsync(nginx, "127.0.0.2", "203.0.113.2"));
        Assert.Equal("200", await StatusAsync(nginx, "127.0.0.3", "203.0.113.1"));
    }

    [Fact]
    public async Task Behind_a_proxy_that_is_not_trusted_all_are_one()
    {
        SkipWithout("nginx", "curl");
        await using var quoin = await QuoinProcess.StartAsync(
            "rate_limit: {default: 1/day, per: ip}", TestContext.Current.CancellationToken);
        await using var nginx = await Proxy.NginxAsync(quoin.Address);
        Assert.Equal("200", await StatusAsync(nginx, "127.0.0.2", "203.0.113.1"));
        Assert.Equal("429", await StatusAsync(nginx, "127.0.0.3", "203.0.113.2"));
    }

    [Fact]
    public async Task Behind_nginx_as_in_the_sample_events_arrive_as_they_come()
    {
        // One token in half a minute: what is read at once was not held back until the end.
        const string Configuration = "providers: {sim: {type: sim, sim: {token_rate: 0.03}}}";
        SkipWithout("nginx", "curl");
        await using var quoin = await QuoinProcess.StartAsync(Configuration, TestContext.Current.CancellationToken);
        await using var nginx = await Proxy.NginxAsync(quoin.Address);
        await using var curl = Curl(
            "-N", "--compressed", $"{nginx.Address}v1/chat/completions", "-H", "Content-Type: application/json", "-d",
            Question.Replace("{\"model\"", "{\"stream\":true,\"model\"", StringComparison.Ordinal));
        Assert.StartsWith("data: {", await curl.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.False(curl.HasExited);
    }

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c,unique-id")]
    public async Task HAProxy_names_the_client_by_the_PROXY_protocol(string sends)
    {
        const string Configuration = """
            server: {trusted_proxies: [127.0.0.1], proxy_protocol: optional}
            rate_limit: {default: 1/day, per: ip}
            """;
        SkipWithout("haproxy", "curl");
        await using var quoin = await QuoinProcess.StartAsync(Configuration, TestContext.Current.CancellationToken);
        await using var haproxy = await Proxy.HAProxyAsync(quoin.Address, sends);
        Assert.Equal("200", await StatusAsync(haproxy, "127.0.0.2", "203.0.113.1"));
        Assert.Equal("429", await StatusAsync(haproxy, "127.0.0.2", "203.0.113.1"));
        Assert.Equal("200", await StatusAsync(haproxy, "127.0.0.3", "203.0.113.1"));
    }

    [Fact]
    public async Task Curl_takes_compressed_answers()
    {
        Assert.SkipWhen(Workplace.Find("curl") is null, "curl not found");
        await using var quoin = await QuoinProcess.StartAsync(
            "server: {compression: {min_size: 100}}", TestContext.Current.CancellationToken);
        await using var curl = Curl(
            "-i", "--compressed", $"{quoin.Address}v1/chat/completions", "-H", "Content-Type: application/json", "-d",
            Question);
        var answer = await curl.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Matches("(?i)content-encoding: (br|gzip)", answer);
        Assert.Contains("Through", answer, StringComparison.Ordinal);
    }

    private static void SkipWithout(params string[] programs)
    {
        foreach (var program in programs)
        {
            Assert.SkipWhen(Workplace.Find(program) is null, program + " not found");
        }
    }

    /// <param name="from">The address that it is asked from.</param>
    /// <param name="claimed">Who the client says it is.</param>
    private static async Task<string> StatusAsync(Proxy proxy, string from, string claimed)
    {
        await using var curl = Curl(
            "-o", "/dev/null", "-w", "%{http_code}", "--interface", from, $"{proxy.Address}v1/chat/completions",
            "-H", "X-Forwarded-For: " + claimed, "-H", "Forwarded: for=" + claimed,
            "-H", "Content-Type: application/json", "-d", Question);
        return await curl.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static ChildProcess Curl(params string[] arguments) =>
        new(Workplace.Find("curl")!, ["-sS", .. arguments], Path.GetTempPath());

    /// <summary>A proxy on a port of its own, which takes connections.</summary>
    private sealed class Proxy : IAsyncDisposable
    {
        private readonly ScratchFolder _folder = new();
        private ChildProcess? _process;

        private Proxy(int port) => Address = new Uri(FormattableString.Invariant($"http://127.0.0.1:{port}/"));

        public Uri Address { get; }

        public static Task<Proxy> NginxAsync(Uri upstream)
        {
            var sample = File.ReadAllText(Path.Combine(Workplace.Root, "samples/nginx/nginx.conf"));
            return StartAsync("nginx", (folder, port) =>
            {
                var file = folder.Write("nginx.conf", sample
                    .Replace("127.0.0.1:8080", upstream.Authority, StringComparison.Ordinal)
                    .Replace("listen 80;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal));
                return ["-e", "stderr", "-p", folder.Path, "-c", file,
                    "-g", $"daemon off; pid {folder.Path}/nginx.pid; error_log stderr;"];
            });
        }

        public static Task<Proxy> HAProxyAsync(Uri upstream, string sends) =>
            StartAsync("haproxy", (folder, port) => ["-db", "-f", folder.Write("haproxy.cfg", $"""
                defaults
                  mode http
                  timeout connect 5s
                  timeout client 90s
                  timeout server 90s
                frontend front
                  bind 127.0.0.1:{port}
                  default_backend back
                backend back
                  server quoin {upstream.Authority} {sends}

                """)]);

        public async ValueTask DisposeAsync()
        {
            if (_process is not null)
            {
                await _process.DisposeAsync();
            }

            _folder.Dispose();
        }

        private static async Task<Proxy> StartAsync(string program, Func<ScratchFolder, string, string[]> arguments)
        {
            var port = Workplace.FreePort();
            var proxy = new Proxy(port);
            proxy._process = new ChildProcess(
                Workplace.Find(program)!,
                arguments(proxy._folder, port.ToString(CultureInfo.InvariantCulture)), proxy._folder.Path);
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken))
            {
                using var socket = new TcpClient();
                try
                {
                    await socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
                    return proxy;
                }
                catch (SocketException) when (!proxy._process.HasExited)
                {
                    // Not yet.
                }
                catch (SocketException)
                {
                    var failure = proxy._process.Failure($"ended with {proxy._process.ExitCode}");
                    await proxy.DisposeAsync();
                    throw failure;
                }
            }

            throw new OperationCanceledException();
        }
    }
}
