using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;

namespace Quoin.Server.Workers.Sharing;

/// <summary>What keys have spent and reserved at all workers of this server, which their supervisor holds.</summary>
internal sealed class SupervisorBudgets(SharedChannel channel) : ISharedBudgets
{
    public ValueTask<SharedReservation?> ReserveAsync(
        string key, IReadOnlyList<BudgetOptions> budgets, Amounts estimate, CancellationToken cancellationToken) =>
        channel.AskAsync(new Reservation(this, key, budgets, Bounded(estimate)), cancellationToken);

    public void Book(string key, SharedReservation? reservation, Amounts used)
    {
        // What was reserved over a connection that has ended is released.
        var reserved = reservation is { Refusal: null } && reservation.Connection == channel.Connection
            ? reservation.Amounts
            : default;
        if (reserved != default || used != default)
        {
            channel.Tell(output => BudgetMessages.WriteBook(output, key, reserved, Bounded(used)));
        }
    }

    public void Restore(string key, BudgetPeriod period, Spent spent) =>
        channel.Tell(output => BudgetMessages.WriteRestore(
            output, key, period, spent with { Amounts = Bounded(spent.Amounts) }));

    public async ValueTask<(Spent[] Spent, Amounts Reserved)?> ReadAsync(
        string key, CancellationToken cancellationToken) =>
        await channel.AskAsync(new Look(key), cancellationToken) is { } spent ? (spent.Spent, spent.Reserved) : null;

    private static Amounts Bounded(Amounts amounts) => new(
        Math.Clamp(amounts.Cost, 0, SharingLimits.Units), Math.Clamp(amounts.Tokens, 0, SharingLimits.Units));

    private sealed class Reservation(
        SupervisorBudgets budgets, string key, IReadOnlyList<BudgetOptions> asked, Amounts estimate)
        : SharedQuestion<SharedReservation>
    {
        public override void Write(IBufferWriter<byte> output, long id) =>
            BudgetMessages.WriteReserve(output, id, key, estimate, asked);

        public override void GiveBack(SharedReservation answer) => budgets.Book(key, answer, used: default);

        protected override SharedReservation? Read(SharedKind kind, ref MessagePackReader reader, int fields) =>
            kind == SharedKind.Reserved && BudgetMessages.TryReadReserved(ref reader, asked, out var refusal)
                ? new SharedReservation(refusal, estimate, Connection)
                : null;
    }

    private sealed class Look(string key) : SharedQuestion<SharedSpent>
    {
        public override void Write(IBufferWriter<byte> output, long id) =>
            BudgetMessages.WriteReadSpent(output, id, key);

        public override void GiveBack(SharedSpent answer)
        {
            // It has only been read.
        }

        protected override SharedSpent? Read(SharedKind kind, ref MessagePackReader reader, int fields) =>
            kind == SharedKind.Spent ? BudgetMessages.ReadSpent(ref reader, fields) : null;
    }
}
