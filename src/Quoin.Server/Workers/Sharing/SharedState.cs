using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// What all workers have in common, held by their supervisor: buckets of limits, breakers that are open, and what keys
/// have spent. Without I/O: a message comes in, its answer goes to a buffer. One message at a time, so that what is
/// taken from several buckets is taken as one. A message that is not understood changes nothing, is counted, and is
/// answered as such.
/// </summary>
internal sealed class SharedState(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly BucketTable[] _tables = [new(time), new(time)];
    private readonly SharedBreakers _breakers = new(time);
    private long _unknown;

    public SharedAccounts Accounts { get; } = new(time);

    /// <summary>Messages that were not understood.</summary>
    public long Unknown => Interlocked.Read(ref _unknown);

    public void AddTo(MetricRegistry registry)
    {
        registry.Callback(
            new("quoin_worker_messages_unknown_total", "quoin.worker.messages_unknown", "{message}",
                "Messages of workers that the supervisor did not understand."),
            MetricKind.Counter, () => Unknown);
        registry.Callback(UsageMetrics.SpentRatio, MetricKind.Gauge, Accounts.ReadRatios);
    }

    public void Answer(in ReadOnlySequence<byte> message, SharedPeer peer, IBufferWriter<byte> output)
    {
        var id = 0L;
        try
        {
            var reader = new MessagePackReader(message, SharingLimits.Message);
            (var kind, id, var fields) = SharedHeader.Read(ref reader);
            lock (_lock)
            {
                if (Do(kind, id, fields, ref reader, peer, output))
                {
                    return;
                }
            }
        }
        catch (MessagePackException)
        {
            // Thrown by what reads, before anything is done.
        }

        Interlocked.Increment(ref _unknown);
        if (id != 0)
        {
            SharedHeader.Write(new MessagePackWriter(output), SharedKind.Unknown, id, 0);
        }
    }

    /// <summary>The worker's connection has ended: what its requests had reserved is nobody's.</summary>
    public void Leave(SharedPeer peer)
    {
        lock (_lock)
        {
            Accounts.Release(peer);
        }
    }

    /// <summary>False: it was not understood.</summary>
    private bool Do(
        SharedKind kind, long id, int fields, ref MessagePackReader reader, SharedPeer peer,
        IBufferWriter<byte> output)
    {
        switch (kind)
        {
            case SharedKind.Take:
                return Take(id, fields, ref reader, output);
            case SharedKind.Settle:
                return Settle(fields, ref reader);
            case SharedKind.Breakers:
                if (!BreakerMessages.TryReadQuestion(ref reader, fields, out var names))
                {
                    return false;
                }

                BreakerMessages.WriteAnswer(output, id, Array.ConvertAll(names, _breakers.LeftOf));
                return true;
            case SharedKind.OpenBreaker:
                return BreakerMessages.TryReadOpen(ref reader, out var name, out var left)
                    && _breakers.Open(name, left);
            case SharedKind.CloseBreaker:
                _breakers.Close(reader.ReadString());
                return true;
            default:
                return Accounts.Do(kind, id, fields, ref reader, peer, output);
        }
    }

    private bool Take(long id, int fields, ref MessagePackReader reader, IBufferWriter<byte> output)
    {
        if (!BucketMessages.TryRead(ref reader, fields, leastUnits: 0, out var table, out var claims))
        {
            return false;
        }

        Span<BucketState> states = stackalloc BucketState[SharingLimits.Claims];
        var count = _tables[(int)table].TakeAll(claims, states);
        BucketMessages.WriteTaken(output, id, states[..count], time.TimestampFrequency);
        return true;
    }

    private bool Settle(int fields, ref MessagePackReader reader)
    {
        if (!BucketMessages.TryRead(ref reader, fields, -SharingLimits.Units, out var table, out var claims))
        {
            return false;
        }

        foreach (ref readonly var claim in claims.AsSpan())
        {
            _tables[(int)table].Charge(claim.Id, claim.Rate, claim.Units);
        }

        return true;
    }
}

/// <summary>One connection of a worker to its supervisor, and what was reserved over it.</summary>
internal sealed class SharedPeer
{
    public Dictionary<string, Amounts> Reserved { get; } = new(StringComparer.Ordinal);
}
