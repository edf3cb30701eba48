using System.Threading.Channels;

namespace Quoin.Tests.Quic;

/// <summary>
/// One direction of a relay: datagrams go through in order, except for those that are lost, doubled or held until
/// others have overtaken them. Which ones that are, a seed decides.
/// </summary>
internal sealed class RelayWay(int seed)
{
    private const int Overtaken = 3;

    private readonly Random _random = new(seed);
    private readonly Channel<(byte[] Datagram, DateTimeOffset Due)> _passing =
        Channel.CreateUnbounded<(byte[], DateTimeOffset)>();

    private (byte[] Datagram, int After)? _held;

    /// <summary>How long each datagram takes at least.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Shares of datagrams, 0..1.</summary>
    public (double Lost, double Doubled, double Overtaken) Faults { get; set; }

    /// <summary>Datagrams that were lost, doubled or overtaken.</summary>
    public int FaultCount { get; private set; }

    /// <summary>For one thread at a time.</summary>
    public void Post(byte[] datagram)
    {
        if (Happens(Faults.Lost))
        {
            return;
        }

        if (_held is null && Happens(Faults.Overtaken))
        {
            _held = (datagram, Overtaken);
            return;
        }

        Pass(datagram);
        if (Happens(Faults.Doubled))
        {
            Pass(datagram);
        }

        if (_held is { } held)
        {
            _held = held.After > 1 ? held with { After = held.After - 1 } : null;
            if (_held is null)
            {
                Pass(held.Datagram);
            }
        }
    }

    public async Task RunAsync(Func<byte[], Task> send, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (datagram, due) in _passing.Reader.ReadAllAsync(cancellationToken))
            {
                while (due - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } left)
                {
                    await Task.Delay(left, TimeProvider.System, cancellationToken);
                }

                await send(datagram);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private void Pass(byte[] datagram) => _passing.Writer.TryWrite((datagram, TimeProvider.System.GetUtcNow() + Delay));

    private bool Happens(double share)
    {
        var happens = share > 0 && _random.NextDouble() < share;
        FaultCount += happens ? 1 : 0;
        return happens;
    }
}
