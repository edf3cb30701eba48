using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Edge;

/// <summary>HTTP/3 as an operator switches it on.</summary>
public sealed class Http3Tests
{
    private const string Ask =
        """{"model":"sim","stream":true,"messages":[{"role":"user","content":"echo: over QUIC"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_model_answers_over_it_and_the_other_versions_tell_where(int workers)
    {
        Assert.SkipWhen(Workplace.Find("gtlsclient") is null, "gtlsclient not found");
        var port = FreePort();
        await using var quoin = await StartAsync(port, workers);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        using var client = new HttpClient(handler);
        using var told = await client.GetAsync(new Uri(quoin.Address, "/health"), Cancelled);
        Assert.StartsWith($"h3=\":{port}\"", told.Headers.GetValues("Alt-Svc").Single(), StringComparison.Ordinal);

        await using var get = new ChildProcess(
            "gtlsclient",
            ["-q", "--exit-on-all-streams-close", "127.0.0.1", $"{port}", $"https://localhost:{port}/health"],
            Path.GetTempPath());
        await get.ReadToEndAsync(Cancelled);
        Assert.Equal(0, await get.WaitForExitAsync(Cancelled));

        await using var asked = new ChildProcess(
            Workplace.Program,
            [
                "benchmark", "route", $"https://127.0.0.1:{port}/v1/chat/completions", "--http", "3", "--insecure",
                "--requests", "20", "--concurrency", "5", "--sse", "--header", "Content-Type: application/json",
                "--body", Ask, "--json",
            ],
            Path.GetTempPath());
        using var report = JsonDocument.Parse(await asked.ReadToEndAsync(Cancelled));
        Assert.Equal(20, report.RootElement.GetProperty("requests").GetInt32());
        Assert.Empty(report.RootElement.GetProperty("errors").EnumerateObject());
    }

    [Fact]
    public async Task Without_a_certificate_the_server_does_not_start_and_says_why()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("quoin.yaml", "server: {http3: {enabled: true}}");
        await using var server = new ChildProcess(Workplace.Program, ["serve", "--config", file], folder.Path);
        await server.ReadToEndAsync(Cancelled);
        Assert.Equal(2, server.ExitCode);
        Assert.Contains("server.http3: has no certificate", server.Errors, StringComparison.Ordinal);
    }

    private static Task<QuoinProcess> StartAsync(int port, int workers) => QuoinProcess.StartAsync(
        $"""
        server:
          host: 127.0.0.1
          workers: {workers}
          tls: {"{cert_file: certs/cert.pem, key_file: certs/key.pem}"}
          http3: {"{enabled: true, port: "}{port}{"}"}
        """, Cancelled,
        files: async folder =>
        {
            await using var made = new ChildProcess(Workplace.Program, ["cert", "dev"], folder);
            Assert.Equal(0, await made.WaitForExitAsync(Cancelled));
        });

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
