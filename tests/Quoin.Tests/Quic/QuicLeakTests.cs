using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;
using Quoin.Quic.Native;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic;

/// <summary>
/// Connections that end in all ways leave nothing behind. What ngtcp2 has is counted block by block at both ends.
/// </summary>
public sealed class QuicLeakTests
{
    private const int AtOnce = 8;

    /// <summary>
    /// Of native memory: a session of GnuTLS has thousands. What the runtime takes meanwhile is less in the mean.
    /// </summary>
    private const long BytesPerConnection = 512;

    // Patient, for a process that is stopped for a while.
    private static readonly QuicTransportOptions OneLoop = new()
    {
        Loops = 1,
        RetryAbove = 1_000_000,
        IdleTimeout = TimeSpan.FromHours(1),
        HandshakeTimeout = TimeSpan.FromHours(1),
    };

    /// <summary>As many by <c>QUOIN_QUIC_CONNECTIONS</c> (CONTRIBUTING.md): then with nothing beside them.</summary>
    private static readonly int? Asked = int.TryParse(
        Environment.GetEnvironmentVariable("QUOIN_QUIC_CONNECTIONS"), CultureInfo.InvariantCulture, out var n)
        ? n
        : null;

    [Fact]
    public async Task Connections_leave_nothing_behind_whatever_their_end()
    {
        QuicPair.Skip();
        using var memory = new CountedMemory();
        using var certificate = TestCertificate.Create();
        var connections = Asked ?? 10_000;
        await RunAsync(memory, certificate, AtOnce * 10);
        var before = State();
        await RunAsync(memory, certificate, connections);
        var after = State();
        Assert.InRange(memory.Made, connections * 50L, long.MaxValue);
        Assert.Equal(0, memory.Blocks);
        if (Asked is not null)
        {
            TestContext.Current.SendDiagnosticMessage($"before {before}, after {after}, {memory.Made} blocks made");
            Assert.Equal(0, ConnectionHandle.Alive);
            Assert.Equal(before.Files, after.Files);
            Assert.InRange(after.NativeBytes - before.NativeBytes, long.MinValue, connections * BytesPerConnection);
        }
    }

    private static async Task RunAsync(CountedMemory memory, X509Certificate2 certificate, int count)
    {
        await using var listener = QuicListener.Start(new QuicListenOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Protocols = [QuicPair.Protocol],
            Transport = OneLoop,
            Memory = memory.Pointer,
            SelectTls = (_, _) =>
                ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = certificate }),
        }, TimeProvider.System, pooledStreams: 10);
        var serving = ServeAsync(listener);
        await using (var client = new QuicClient(OneLoop, [QuicPair.Protocol]) { Memory = memory.Pointer })
        {
            var options = new QuicConnectOptions
            {
                RemoteEndPoint = listener.LocalEndPoint,
                Sessions = new Tickets(),
                Tls = new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ApplicationProtocols = [QuicPair.Protocol],
                    RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
                },
            };
            var next = 0;
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) <= count;)
                {
                    await ConnectAsync(client, options, i);
                }
            }));
        }

        listener.StopAccepting();
        await serving;
    }

    private static async Task ConnectAsync(QuicClient client, QuicConnectOptions options, int number)
    {
        await using var connection = await client.ConnectAsync(options);
        var stream = await connection.OpenStreamAsync();
        await stream.Output.WriteAsync(new byte[1 + (number * 7 % 5_000)]);
        switch (number % 4)
        {
            case 0:
                // In good order.
                await stream.Output.CompleteAsync();
                await QuicConnectionTests.ReadAsync(stream.Input);
                await stream.DisposeAsync();
                break;
            case 1:
                stream.AbortWrite(1);
                await stream.DisposeAsync();
                break;
            case 2:
                // The connection ends with a stream that nobody has given back, perhaps before the server knows of it.
                break;
            default:
                await stream.Input.ReadAtLeastAsync(1);
                connection.UpdateKeys();
                break;
        }
    }

    private static async Task ServeAsync(QuicListener listener)
    {
        var served = new List<Task>();
        while (await listener.AcceptAsync() is { } connection)
        {
            served.Add(AnswerAsync(connection));
            served.RemoveAll(task => task.IsCompletedSuccessfully);
        }

        await Task.WhenAll(served);
    }

    private static async Task AnswerAsync(QuicConnection connection)
    {
        try
        {
            await using var stream = await connection.AcceptStreamAsync();
            await stream.Output.WriteAsync(new byte[3_000]);
            await stream.Output.CompleteAsync();
            await QuicConnectionTests.ReadAsync(stream.Input);
            await stream.Closed;
        }
        catch (QuicException)
        {
            // Its end, as the client has chosen it.
        }

        await connection.Closed;
    }

    private static (long NativeBytes, int Files) State()
    {
        var heap = HeapState();
        return ((long)(heap.Used + heap.Mapped), Directory.GetFiles("/proc/self/fd").Length);
    }

    /// <summary>Nearly every connection comes back with a ticket, which is cheaper.</summary>
    private sealed class Tickets : IQuicSessionStore
    {
        private readonly ConcurrentQueue<byte[]> _tickets = new();

        public byte[]? Take(string server) => _tickets.TryDequeue(out var ticket) ? ticket : null;

        public void Put(string server, byte[] session) => _tickets.Enqueue(session);
    }

    [DllImport("libc", EntryPoint = "mallinfo2")]
    private static extern MallocState HeapState();

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct MallocState
    {
        public readonly nuint Arena, FreeChunks, FastChunks, MappedBlocks, Mapped, Unused, FastFree, Used, Free, Top;
    }
}
