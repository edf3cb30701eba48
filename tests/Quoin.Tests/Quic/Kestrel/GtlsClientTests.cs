using System.Security.Cryptography;
using Quoin.Quic;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>Kestrel over ngtcp2, judged by a client that we have not written.</summary>
public sealed class GtlsClientTests
{
    [Fact]
    public async Task A_request_is_answered_over_HTTP_3()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var said = await client.RunAsync(host.Port, "/", "--no-quic-dump");
        Assert.Contains("Negotiated ALPN is h3", said);
        Assert.Contains("[:status: 200]", said);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(20 << 20)]
    public async Task A_body_comes_back_as_it_was_sent(int size) =>
        await EchoAsync(size, options: null);

    [Fact]
    public async Task A_body_comes_back_though_each_way_loses_5_percent() =>
        await EchoAsync(1 << 20, options: null, "-t", "0.05", "-r", "0.05");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_client_that_moves_to_other_addresses_is_followed(int loops) =>
        await EchoAsync(20 << 20, new QuicTransportOptions { Loops = loops }, "--change-local-addr=5ms");

    [Fact]
    public async Task A_client_whose_address_is_changed_by_its_router_is_followed()
    {
        // With small windows client and server could both be waiting for the other when it happens.
        var options = new QuicTransportOptions { Loops = 1, StreamWindow = 32 << 20, ConnectionWindow = 64 << 20 };
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(options);
        var sent = RandomNumberGenerator.GetBytes(20 << 20);
        await client.RunAsync(host.Port, "/hash", "-q", "-m", "POST", "-d", client.Write("body", sent),
            $"--download={client.Folder}", "--change-local-addr=10ms", "--nat-rebinding");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(sent)),
            System.Text.Encoding.ASCII.GetString(client.Read("hash")));
    }

    [Theory]
    [InlineData(QuicCongestionControl.Reno)]
    [InlineData(QuicCongestionControl.Bbr)]
    public async Task Each_congestion_control_carries_a_body_through_losses(QuicCongestionControl control) =>
        await EchoAsync(4 << 20, new QuicTransportOptions { Loops = 1, CongestionControl = control }, "-t", "0.01",
            "-r", "0.01");

    [Fact]
    public async Task Keys_are_updated_when_the_client_asks()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var asked = client.RunAsync(host.Port, "/wait", "--no-quic-dump", "--key-update=1ms");
        await host.Waiting.Task;

        // The update comes by the client's clock: the answer ends when a request of another client has come and gone.
        using var other = GtlsClient.Find();
        await other.RunAsync(host.Port, "/bytes/100000", "-q");
        host.Release.SetResult();
        var said = await asked;
        Assert.Contains("[:status: 200]", said);
        Assert.Contains("key update", said);
    }

    [Fact]
    public async Task A_version_that_is_not_spoken_is_negotiated()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var said = await client.RunAsync(host.Port, "/", "-v", "0x1a2a3a4a", "--preferred-versions=v1");
        Assert.Contains("type=VN", said);
        Assert.Contains("[:status: 200]", said);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1000, false)]
    public async Task Addresses_are_proved_by_a_Retry_when_too_many_handshakes_are_under_way(int above, bool retried)
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(new QuicTransportOptions { Loops = 1, RetryAbove = above });
        var said = await client.RunAsync(host.Port, "/");
        Assert.Equal(retried, said.Contains("type=Retry", StringComparison.Ordinal));
        Assert.Contains("[:status: 200]", said);
    }

    [Fact]
    public async Task A_client_is_given_a_token_to_come_back_with()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();

        // This client stores it, and cannot read what it has stored.
        Assert.Matches(@"frm rx .*NEW_TOKEN", await client.RunAsync(host.Port, "/", "--token-file=token"));
        Assert.StartsWith("-----BEGIN QUIC TOKEN-----", System.Text.Encoding.ASCII.GetString(client.Read("token")));
    }

    [Fact]
    public async Task A_returning_client_is_answered_in_its_first_packet()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(new QuicTransportOptions { Loops = 2, EarlyData = true });
        string[] session = ["-q", "--session-file=session", "--tp-file=parameters", $"--download={client.Folder}"];
        await client.RunAsync(host.Port, "/bytes/1", session);
        var said = await client.RunAsync(host.Port, "/bytes/2", ["--session-file=session", "--tp-file=parameters"]);
        Assert.Contains("type=0RTT", said);
        Assert.DoesNotContain("rejected", said);
        Assert.Contains("[:status: 200]", said);
        Assert.Equal(2, host.Runs);
    }

    [Fact]
    public async Task What_is_not_safe_to_run_twice_is_too_early_in_early_data()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(new QuicTransportOptions { Loops = 1, EarlyData = true });
        string[] post =
        [
            "--no-quic-dump", "--session-file=session", "--tp-file=parameters", "-m", "POST", "-d",
            client.Write("body", "x"u8.ToArray()),
        ];
        Assert.Contains("[:status: 200]", await client.RunAsync(host.Port, "/post", post));
        Assert.Contains("[:status: 425]", await client.RunAsync(host.Port, "/post", post));
        Assert.Equal(1, host.Posts);
    }

    [Fact]
    public async Task Fifty_thousand_requests_run_on_one_connection()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        await client.RunAsync(host.Port, "/", "-q", "-n", "50000");
        Assert.Equal(50_000, host.Runs);
    }

    [Fact]
    public async Task A_body_that_nobody_reads_is_stopped_and_the_answer_arrives()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var said = await client.RunAsync(host.Port, "/ignore", "--no-quic-dump", "--no-http-dump", "-m", "POST", "-d",
            client.Write("body", new byte[20 << 20]));
        Assert.Contains("[:status: 200]", said);
    }

    [Fact]
    public async Task An_aborted_request_is_reset()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var said = await client.RunAsync(host.Port, "/abort");
        Assert.Matches(@"frm rx .*RESET_STREAM", said);
    }

    [Fact]
    public async Task A_graceful_stop_lets_a_running_request_end()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        var asked = client.RunAsync(host.Port, "/wait", "-q", $"--download={client.Folder}");
        await host.Waiting.Task;
        var stopping = host.StopAsync();
        Assert.False(stopping.IsCompleted);
        host.Release.SetResult();
        await stopping;
        await asked;
        Assert.Equal("first;last"u8.ToArray(), client.Read("wait"));
    }

    [Fact]
    public async Task A_client_that_goes_away_aborts_its_request()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(
            new QuicTransportOptions { Loops = 1, IdleTimeout = TimeSpan.FromMilliseconds(300) });
        var asked = client.RunAsync(host.Port, "/hang", "-q", "--timeout=200ms");
        await host.Waiting.Task;
        await host.Aborted.Task;
        await asked;
    }

    [Fact]
    public async Task Packets_are_marked_for_congestion_notification()
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync();
        Assert.Contains("path is ECN capable", await client.RunAsync(host.Port, "/"));
    }

    private static async Task EchoAsync(int size, QuicTransportOptions? options, params string[] more)
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(options);
        var sent = RandomNumberGenerator.GetBytes(size);
        await client.RunAsync(host.Port, "/echo",
            ["-q", "-m", "POST", "-d", client.Write("body", sent), $"--download={client.Folder}", .. more]);
        Assert.True(sent.AsSpan().SequenceEqual(client.Read("echo")), "another body came back");
    }
}
