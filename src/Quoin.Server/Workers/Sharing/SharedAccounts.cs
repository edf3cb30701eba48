using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;

namespace Quoin.Server.Workers.Sharing;

/// <summary>
/// What keys have spent in the current periods, for all workers:
/// 1. A worker that starts tells what the database knows; the greater counts, so that it does not matter how many tell
///    it, nor what of it was booked here before it was written there.
/// 2. An estimate is reserved, and what was used is booked in its place.
/// 3. What a worker had reserved when its connection ended is released: it may have died.
/// </summary>
internal sealed class SharedAccounts(TimeProvider time)
{
    private readonly Dictionary<string, Entry> _accounts = new(StringComparer.Ordinal);
    private IReadOnlyList<KeyValuePair<string, Entry>> _withBudgets = [];

    /// <summary>Of the first keys with budgets that reserved; as the metrics tell it.</summary>
    public IEnumerable<(string[] Labels, double Value)> ReadRatios() => Volatile.Read(ref _withBudgets)
        .SelectMany(entry => BudgetAccount.RatiosOf(
            entry.Key, entry.Value.Budgets, entry.Value.Account.Read(time.GetUtcNow())));

    /// <summary>False: it was not understood.</summary>
    public bool Do(
        SharedKind kind, long id, int fields, ref MessagePackReader reader, SharedPeer peer,
        IBufferWriter<byte> output)
    {
        if (kind is not (SharedKind.Reserve or SharedKind.Book or SharedKind.Restore or SharedKind.ReadSpent))
        {
            return false;
        }

        var key = reader.ReadString();
        var now = time.GetUtcNow();
        switch (kind)
        {
            case SharedKind.Reserve:
                return Reserve(key, id, fields, ref reader, peer, output, now);
            case SharedKind.Book:
                return Book(key, ref reader, peer, now);
            case SharedKind.Restore:
                if (!BudgetMessages.TryReadRestore(
                    ref reader, DateOnly.FromDateTime(now.UtcDateTime), out var period, out var known)
                    || Find(key) is not { } restored)
                {
                    return false;
                }

                restored.Account.Restore(period, known);                                            // 1
                return true;
            default:
                if (Find(key) is not { } found)
                {
                    return false;
                }

                var (spent, reserved) = found.Account.Read(now);
                BudgetMessages.WriteSpent(output, id, new SharedSpent(spent, reserved));
                return true;
        }
    }

    public void Release(SharedPeer peer)                                                            // 3
    {
        foreach (var (key, reserved) in peer.Reserved)
        {
            _accounts[key].Account.Release(reserved);
        }

        peer.Reserved.Clear();
    }

    private bool Reserve(
        string key, long id, int fields, ref MessagePackReader reader, SharedPeer peer, IBufferWriter<byte> output,
        DateTimeOffset now)
    {
        if (!BudgetMessages.TryReadReserve(ref reader, fields, out var estimate, out var budgets)
            || Find(key) is not { } entry)
        {
            return false;
        }

        Show(key, entry, budgets);
        var refusal = entry.Account.Reserve(budgets, estimate, now);                                // 2
        if (refusal is null)
        {
            peer.Reserved[key] = peer.Reserved.GetValueOrDefault(key) + estimate;
        }

        BudgetMessages.WriteReserved(
            output, id, refusal is null ? 0 : Array.IndexOf(budgets, refusal.Budget) + 1,
            refusal?.Resets ?? DateTimeOffset.UnixEpoch);
        return true;
    }

    private bool Book(string key, ref MessagePackReader reader, SharedPeer peer, DateTimeOffset now)
    {
        if (!BudgetMessages.TryReadBook(ref reader, out var reserved, out var used) || Find(key) is not { } entry)
        {
            return false;
        }

        // Never more than was reserved over this connection: the rest was released with another.
        var held = peer.Reserved.GetValueOrDefault(key);
        var released = new Amounts(Math.Min(reserved.Cost, held.Cost), Math.Min(reserved.Tokens, held.Tokens));
        peer.Reserved[key] = held - released;
        if (peer.Reserved[key] == default)
        {
            peer.Reserved.Remove(key);
        }

        entry.Account.Settle(released, used, now);
        return true;
    }

    /// <summary>Null: there are too many.</summary>
    private Entry? Find(string key)
    {
        if (!_accounts.TryGetValue(key, out var entry) && _accounts.Count < SharingLimits.Accounts)
        {
            _accounts[key] = entry = new Entry();
        }

        return entry;
    }

    private void Show(string key, Entry entry, BudgetOptions[] budgets)
    {
        if (entry.Budgets.Count == 0 && budgets.Length > 0 && _withBudgets.Count < UsageLimits.KeyLabels)
        {
            Volatile.Write(ref _withBudgets, [.. _withBudgets, new(key, entry)]);
        }

        if (budgets.Length > 0)
        {
            entry.Budgets = budgets;
        }
    }

    private sealed class Entry
    {
        private IReadOnlyList<BudgetOptions> _budgets = [];

        public BudgetAccount Account { get; } = new();

        /// <summary>As they were when it last reserved.</summary>
        public IReadOnlyList<BudgetOptions> Budgets
        {
            get => Volatile.Read(ref _budgets);
            set => Volatile.Write(ref _budgets, value);
        }
    }
}
