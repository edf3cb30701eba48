using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using Quoin.Quic;
using Quoin.Quic.Http3;

namespace Quoin.Peers.Quic;

/// <summary>What gtlsclient does not measure.</summary>
internal static class Load
{
    private static readonly TimeSpan OneWay = TimeSpan.FromMilliseconds(50);

    public static async Task<int> HandshakesAsync(int port, int count)
    {
        await using var client = new QuicClient(new QuicTransportOptions(), [Http3Client.Protocol]);
        foreach (var atOnce in (int[])[1, 8])
        {
            var watch = Stopwatch.StartNew();
            var left = count;
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    await using var connection = await client.ConnectAsync(To(port, null));
                }
            }));
            Print($"handshakes, {atOnce} at once: {count / watch.Elapsed.TotalSeconds:F0}/s");
        }

        return 0;
    }

    public static async Task<int> StreamsAsync(int port, int count, string pid)
    {
        var before = Resident(pid);
        await using (var client = await ConnectAsync(port, null))
        {
            var waiting = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.SendAsync(Get("/wait"))));
            Print($"resident before {before} MB, with {count} answers under way {Resident(pid)} MB");
            await using (var released = await client.SendAsync(Get("/release")))
            {
                await released.ReadToEndAsync();
            }

            foreach (var answer in waiting)
            {
                await answer.ReadToEndAsync();
                await answer.DisposeAsync();
            }
        }

        await Task.Delay(TimeSpan.FromSeconds(10), TimeProvider.System);
        Print($"resident after {Resident(pid)} MB");
        return 0;
    }

    public static async Task<int> EarlyDataAsync(int port)
    {
        await using var wire = new DelayedWire(new IPEndPoint(IPAddress.Loopback, port), OneWay);
        var sessions = new QuicSessionMemory();
        foreach (var name in (string[])["first visit", "0-RTT", "0-RTT"])
        {
            var watch = Stopwatch.StartNew();
            await using var client = await ConnectAsync(wire.EndPoint.Port, sessions);
            await using var answer = await client.SendAsync(Get("/hello"));
            await answer.ReadToEndAsync();
            var taken = watch.Elapsed;
            await client.Connection.HandshakeCompleted;

            // The ticket comes with the end of the handshake.
            await Task.Delay(4 * OneWay, TimeProvider.System);
            var early = client.Connection.EarlyDataAccepted?.ToString() ?? "none";
            var roundTrip = 2 * OneWay.TotalMilliseconds;
            Print($"{name}: {taken.TotalMilliseconds:F0} ms (round trip {roundTrip:F0} ms), early data taken: {early}");
        }

        return 0;
    }

    private static async Task<Http3Client> ConnectAsync(int port, IQuicSessionStore? sessions) =>
        await Http3Client.StartAsync(await QuicEndpoint.ConnectAsync(To(port, sessions)));

    private static QuicConnectOptions To(int port, IQuicSessionStore? sessions) => new()
    {
        RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port),
        Sessions = sessions,
        Transport = new QuicTransportOptions { EarlyData = sessions is not null },
        Tls = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [Http3Client.Protocol],
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        },
    };

    private static Http3Request Get(string path) => new() { Authority = "localhost", Path = path };

    private static long Resident(string pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
