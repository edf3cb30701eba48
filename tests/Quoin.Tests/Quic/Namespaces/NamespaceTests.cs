using System.Security.Cryptography;
using Quoin.Quic;
using Quoin.Tests.Quic.Kestrel;

namespace Quoin.Tests.Quic.Namespaces;

/// <summary>Networks that lose, are narrow and are cut, made by the kernel between two namespaces.</summary>
public sealed class NamespaceTests
{
    [Fact]
    public Task A_body_comes_back_though_the_kernel_loses_5_percent_each_way() => TwoNetworks.RunAsync(async networks =>
    {
        await networks.LoseAsync(percent: 5);
        await EchoAsync(networks, 4 << 20, (_, _) => Task.CompletedTask);
    });

    [Fact]
    public Task A_body_comes_back_through_a_bottleneck() => TwoNetworks.RunAsync(async networks =>
    {
        await networks.NarrowAsync(megabits: 20);
        await EchoAsync(networks, 4 << 20, (_, _) => Task.CompletedTask);
    });

    [Fact]
    public Task A_body_comes_back_though_the_wire_is_cut_for_a_while() => TwoNetworks.RunAsync(async networks =>
    {
        await networks.NarrowAsync(megabits: 20);
        await EchoAsync(networks, 4 << 20, async (host, asked) =>
        {
            while (host.Runs == 0)
            {
                await Task.Yield();
            }

            // Its own interface down would be an error to this client, which gives up then.
            await networks.CutAsync(atFarEnd: false);
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            Assert.False(asked.IsCompleted);
            await networks.JoinAsync(atFarEnd: false);
        });
    });

    [Fact]
    public Task A_stream_goes_on_after_a_cut_at_either_end() => TwoNetworks.RunAsync(async networks =>
    {
        await using var pair = await StartAsync(networks, TimeSpan.FromSeconds(30));
        foreach (var atFarEnd in new[] { true, false })
        {
            var echo = QuicConnectionTests.EchoAsync(pair.Server);
            await using var stream = await pair.Client.OpenStreamAsync();
            var sent = RandomNumberGenerator.GetBytes(1_000_000);
            await stream.Output.WriteAsync(sent.AsMemory(0, 10_000));
            await networks.CutAsync(atFarEnd);
            var writing = QuicConnectionTests.WriteAsync(stream.Output, sent.AsMemory(10_000));
            var reading = QuicConnectionTests.ReadAsync(stream.Input);
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            Assert.False(reading.IsCompleted);
            await networks.JoinAsync(atFarEnd);
            Assert.Equal(sent, await reading);
            await writing;
            await echo;
        }
    });

    [Fact]
    public Task Both_ends_give_up_after_the_idle_timeout_and_meet_again() => TwoNetworks.RunAsync(async networks =>
    {
        await using var pair = await StartAsync(networks, TimeSpan.FromSeconds(1));
        await using var stream = await pair.Client.OpenStreamAsync();
        await networks.CutAsync(atFarEnd: false);
        await stream.Output.WriteAsync(new byte[10_000]);
        await pair.Client.Closed;
        await pair.Server.Closed;
        Assert.Equal(QuicEnd.IdleTimeout, pair.Client.CloseReason!.End);
        Assert.Equal(QuicEnd.IdleTimeout, pair.Server.CloseReason!.End);
        Assert.Equal(0, pair.Pair.Listener.Connections);
        await networks.JoinAsync(atFarEnd: false);
        await using var again = await pair.ConnectAsync();
    });

    /// <summary>Our server here, ngtcp2's client there; while it sends, something happens to the wire.</summary>
    private static async Task EchoAsync(TwoNetworks networks, int size, Func<QuicHost, Task<string>, Task> meanwhile)
    {
        using var client = GtlsClient.Find();
        await using var host = await QuicHost.StartAsync(address: TwoNetworks.Near);
        var sent = RandomNumberGenerator.GetBytes(size);
        var asked = client.RunFromAsync(networks.FarPrefix, TwoNetworks.Near, host.Port, "/echo", "-q", "-m", "POST",
            "-d", client.Write("body", sent), $"--download={client.Folder}");
        await meanwhile(host, asked);
        await asked;
        Assert.True(sent.AsSpan().SequenceEqual(client.Read("echo")), "another body came back");
    }

    private static async Task<Ends> StartAsync(TwoNetworks networks, TimeSpan idle)
    {
        var options = new QuicTransportOptions { Loops = 1, IdleTimeout = idle };
        var pair = await networks.Make(far: true,
            () => QuicPair.ListenAsync(options, address: TwoNetworks.Far));
        var client = networks.Make(far: false, () => new QuicClient(options, [QuicPair.Protocol]));
        var ends = new Ends(pair, client);
        ends.Client = await ends.ConnectAsync();
        ends.Server = (await pair.Listener.AcceptAsync())!;
        return ends;
    }

    private sealed class Ends(QuicPair pair, QuicClient client) : IAsyncDisposable
    {
        public QuicPair Pair => pair;

        public QuicConnection Client { get; set; } = null!;

        public QuicConnection Server { get; set; } = null!;

        public Task<QuicConnection> ConnectAsync() => client.ConnectAsync(pair.To());

        public async ValueTask DisposeAsync()
        {
            await client.DisposeAsync();
            await pair.DisposeAsync();
        }
    }
}
