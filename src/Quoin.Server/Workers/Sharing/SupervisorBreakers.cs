using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Server.Workers.Sharing;

/// <summary>The open breakers of all workers of this server, which their supervisor knows.</summary>
internal sealed class SupervisorBreakers(SharedChannel channel) : IBreakerStore
{
    public TimeSpan Period => SharingLimits.BreakerPeriod;

    public async ValueTask<TimeSpan?[]?> ReadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var left = new List<TimeSpan?>(names.Count);
        foreach (var some in names.Chunk(SharingLimits.BreakersAtOnce))
        {
            if (await channel.AskAsync(new Question(some), cancellationToken) is not { } answer)
            {
                return null;
            }

            left.AddRange(answer);
        }

        return [.. left];
    }

    public ValueTask OpenAsync(string name, TimeSpan left, CancellationToken cancellationToken)
    {
        channel.Tell(output => BreakerMessages.WriteOpen(output, name, left));
        return default;
    }

    public ValueTask CloseAsync(string name, CancellationToken cancellationToken)
    {
        channel.Tell(output => BreakerMessages.WriteClose(output, name));
        return default;
    }

    private sealed class Question(string[] names) : SharedQuestion<TimeSpan?[]>
    {
        public override void Write(IBufferWriter<byte> output, long id) =>
            BreakerMessages.WriteQuestion(output, id, names);

        public override void GiveBack(TimeSpan?[] answer)
        {
            // It has only been read.
        }

        protected override TimeSpan?[]? Read(SharedKind kind, ref MessagePackReader reader, int fields) =>
            kind == SharedKind.BreakersOpen ? BreakerMessages.ReadAnswer(ref reader, fields, names.Length) : null;
    }
}
