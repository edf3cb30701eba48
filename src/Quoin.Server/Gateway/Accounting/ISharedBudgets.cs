using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>What keys have spent and reserved, for all processes of a server together.</summary>
internal interface ISharedBudgets
{
    /// <summary>Null: no answer in time; the caller goes by what it knows itself.</summary>
    ValueTask<SharedReservation?> ReserveAsync(
        string key, IReadOnlyList<BudgetOptions> budgets, Amounts estimate, CancellationToken cancellationToken);

    /// <param name="reservation">What is no longer reserved; null where nothing was.</param>
    void Book(string key, SharedReservation? reservation, Amounts used);

    /// <summary>What the database knows, at the start of a process.</summary>
    void Restore(string key, BudgetPeriod period, Spent spent);

    /// <summary>What a key has spent, and its requests have reserved. Null: no answer in time.</summary>
    ValueTask<(Spent[] Spent, Amounts Reserved)?> ReadAsync(string key, CancellationToken cancellationToken);
}

/// <param name="Refusal">Null: it is reserved.</param>
/// <param name="Connection">It is released with the connection over which it was made.</param>
internal sealed record SharedReservation(BudgetRefusal? Refusal, Amounts Amounts, int Connection);
