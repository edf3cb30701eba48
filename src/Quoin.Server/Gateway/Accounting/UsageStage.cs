using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Gateway.Keys;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// The stage of budgets, and the way of every bill:
/// 1. The record of the request gets its place; without one a key with a budget is refused, for what it spends could
///    be forgotten.
/// 2. The most that the request may cost by its estimate is reserved in the budgets of its key; 429 where one of them
///    has too little left. A job's run was admitted with the job and is only reserved. Of several processes all reserve
///    where all budgets are (<see cref="ISharedBudgets"/>); while nobody answers there, each goes by what it knows.
/// 3. At its end the request is settled (<see cref="Bill"/>).
/// </summary>
internal sealed class UsageStage(
    UsageWriter writer, UsageMetrics metrics, TimeProvider time, ILogger logger, ISharedBudgets? shared = null)
{
    private readonly ConcurrentDictionary<string, BudgetAccount> _accounts = new(StringComparer.Ordinal);
    private readonly UnpricedModels _unpriced = new(logger);

    public UsageWriter Writer => writer;

    /// <summary>Null: admitted.</summary>
    /// <param name="usage">
    /// Null: no database was configured at the start. A key that got a budget since then is not let spend unseen.
    /// </param>
    public static ValueTask<GatewayError?> RefuseAsync(UsageStage? usage, Exchange exchange) => usage is not null
        ? usage.RefuseAsync(exchange)
        : new(exchange.Key is { Options.Budgets.Count: > 0 } && exchange.Http.Features.Get<JobCall>() is null
            ? Unrecorded("what is spent is not written down before the server starts again, and this key has a budget")
            : null);

    /// <summary>Null: admitted, and the exchange has its bill.</summary>
    private ValueTask<GatewayError?> RefuseAsync(Exchange exchange)
    {
        var key = exchange.Key;
        var run = exchange.Http.Features.Get<JobCall>() is not null;
        var hasPlace = writer.TryTakePlace();                                                  // 1
        if (!hasPlace && !run && key is { Options.Budgets.Count: > 0 })
        {
            metrics.Refuse("unrecorded");
            return new(Unrecorded("what is spent cannot be written down now, and this key has a budget"));
        }

        var account = exchange.Tenant.Length > 0 ? AccountOf(exchange.Tenant) : null;
        var meter = exchange.Meter = new UseMeter(exchange, _unpriced, metrics) { CountsMoney = HasMoneyBudget(key) };
        var counted = key is { Options.Budgets.Count: > 0 }
            && exchange.Record.Operation is not (null or Operation.CountTokens);
        var estimate = counted ? new Amounts(meter.MostCost, meter.Estimate.Total) : default;
        var bill = new Bill(this, exchange, meter, account, estimate, hasPlace);
        var budgets = run ? [] : key?.Options.Budgets ?? [];
        return shared is not null && counted
            ? ReserveSharedAsync(exchange, bill, account!, budgets, estimate)
            : new(Reserve(exchange, bill, account, budgets, estimate));                        // 2
    }

    private async ValueTask<GatewayError?> ReserveSharedAsync(
        Exchange exchange, Bill bill, BudgetAccount account, IReadOnlyList<BudgetOptions> budgets, Amounts estimate)
    {
        SharedReservation? reservation;
        try
        {
            reservation = await shared!.ReserveAsync(
                exchange.Tenant, budgets, estimate, exchange.Http.RequestAborted);
        }
        catch
        {
            GiveUp(bill.HasPlace);
            throw;
        }

        if (reservation is null)
        {
            metrics.FallBack();
            return Reserve(exchange, bill, account, budgets, estimate);
        }

        if (reservation.Refusal is { } refusal)
        {
            return Exceeded(exchange, bill, refusal);
        }

        bill.Reservation = reservation;
        return Reserve(exchange, bill, account, [], estimate);
    }

    private GatewayError? Reserve(
        Exchange exchange, Bill bill, BudgetAccount? account, IReadOnlyList<BudgetOptions> budgets, Amounts estimate)
    {
        if (account?.Reserve(budgets, estimate, time.GetUtcNow()) is { } refusal)
        {
            return Exceeded(exchange, bill, refusal);
        }

        exchange.Bill = bill;
        return null;
    }

    /// <summary>What a request used, or that it used nothing, to where all processes see it.</summary>
    public void Book(string key, SharedReservation? reservation, Amounts used)
    {
        if (key.Length > 0)
        {
            shared?.Book(key, reservation, used);
        }
    }

    /// <summary>What the database knows that a key has spent.</summary>
    public void Restore(string key, BudgetPeriod period, Spent spent)
    {
        AccountOf(key).Restore(period, spent);
        shared?.Restore(key, period, spent);
    }

    /// <summary>What a key has spent and reserved at all processes; at this one while nobody answers for all.</summary>
    public async ValueTask<(Spent[] Spent, Amounts Reserved)> ReadAsync(
        string key, CancellationToken cancellationToken) =>
        (shared is null ? null : await shared.ReadAsync(key, cancellationToken))
        ?? AccountOf(key).Read(time.GetUtcNow());

    public BudgetAccount AccountOf(string key) => _accounts.GetOrAdd(key, static _ => new BudgetAccount());

    public void GiveUp(bool hasPlace)
    {
        if (hasPlace)
        {
            writer.GivePlaceBack();
        }
    }

    public void Write(UsageRecord record, bool hasPlace) => writer.Append(record, hasPlace);

    private static GatewayError Unrecorded(string reason) => new(GatewayErrorKind.Overloaded, reason)
    {
        Code = "usage_unavailable",
        RetryAfter = UsageLimits.RetryAfter,
    };

    private static bool HasMoneyBudget(ApiKey? key)
    {
        for (var i = 0; i < (key?.Options.Budgets.Count ?? 0); i++)
        {
            if (key!.Options.Budgets[i].Amount is not null)
            {
                return true;
            }
        }

        return false;
    }

    private GatewayError Exceeded(Exchange exchange, Bill bill, BudgetRefusal refusal)
    {
        GiveUp(bill.HasPlace);
        metrics.Refuse("budget");
        var wait = refusal.Resets - time.GetUtcNow();

        // The official clients of OpenAI and Anthropic would ask twice more within seconds.
        exchange.Http.Response.Headers["x-should-retry"] = "false";
        return new GatewayError(
            GatewayErrorKind.RateLimited,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the {refusal.Budget.Per}'s budget of this key has too little left for this request, until "
                + $"{refusal.Resets:yyyy-MM-dd} UTC"))
        { Code = "budget_exceeded", RetryAfter = wait > TimeSpan.Zero ? wait : TimeSpan.FromSeconds(1) };
    }
}
