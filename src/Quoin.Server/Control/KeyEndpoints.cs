using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Control;

/// <summary>
/// <c>GET /api/v1/keys</c>: the keys of the configuration with what they may do and what their budgets have left.
/// Neither a key nor its hash is shown.
/// </summary>
internal static class KeyEndpoints
{
    public static void MapKeys(
        this RouteGroupBuilder control, SnapshotHolder snapshots, UsageService? usage) =>
        control.MapGet("/keys", http => ShowAsync(http, snapshots.Current.Options, usage));

    private static async Task ShowAsync(HttpContext http, QuoinOptions options, UsageService? usage)
    {
        var states = new Dictionary<string, (Spent[] Spent, Amounts Reserved)>(StringComparer.Ordinal);
        foreach (var key in options.Auth.Keys.Where(key => usage is not null && key.Budgets.Count > 0))
        {
            states[key.Name] = await usage!.Stage.ReadAsync(key.Name, http.RequestAborted);
        }

        using var body = new PooledBuffer();
        JsonOutput.Write(body, (options, states), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteBoolean("enabled"u8, s.options.Auth.Enabled);
            w.WriteStartArray("data"u8);
            foreach (var key in s.options.Auth.Keys)
            {
                Write(w, key, s.options.RateLimit, s.states);
            }

            w.WriteEndArray();
            w.WriteEndObject();
        });
        await ControlAnswer.SendAsync(http, body);
    }

    private static void Write(
        Utf8JsonWriter w, KeyOptions key, RateLimitOptions limits,
        Dictionary<string, (Spent[] Spent, Amounts Reserved)> states)
    {
        w.WriteStartObject();
        w.WriteString("name"u8, key.Name);
        w.WriteBoolean("admin"u8, key.Admin);
        w.WriteString("priority"u8, key.Priority);
        w.WriteString("expires"u8, key.Expires);
        w.WriteStartArray("models"u8);
        foreach (var model in key.Models)
        {
            w.WriteStringValue(model);
        }

        w.WriteEndArray();
        if (limits.Enabled)
        {
            w.WriteString("rate_limit"u8, key.RateLimit ?? limits.Default);
            w.WriteNumber("tokens_per_minute"u8, key.TokensPerMinute ?? limits.TokensPerMinute);
            w.WriteString("cost"u8, key.Cost ?? limits.Cost);
        }

        w.WriteStartArray("budgets"u8);
        if (states.TryGetValue(key.Name, out var state))
        {
            var (spent, reserved) = state;
            foreach (var budget in key.Budgets)
            {
                Write(w, budget, spent[(int)BudgetPeriods.Parse(budget.Per)], reserved);
            }
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter w, BudgetOptions budget, in Spent spent, Amounts reserved)
    {
        w.WriteStartObject();
        w.WriteString("per"u8, budget.Per);
        w.WriteString("resets"u8, BudgetPeriods.EndOf(BudgetPeriods.Parse(budget.Per), spent.Start));
        if (budget.Amount is not null)
        {
            var amount = BudgetAccount.CostOf(budget);
            w.WriteNumber("amount_usd"u8, Price.Dollars(amount));
            w.WriteNumber("spent_usd"u8, Price.Dollars(spent.Amounts.Cost));
            w.WriteNumber("reserved_usd"u8, Price.Dollars(reserved.Cost));
            w.WriteNumber("remaining_usd"u8, Price.Dollars(Math.Max(amount - spent.Amounts.Cost - reserved.Cost, 0)));
        }

        if (budget.Tokens is { } tokens)
        {
            w.WriteNumber("tokens"u8, tokens);
            w.WriteNumber("spent_tokens"u8, spent.Amounts.Tokens);
            w.WriteNumber("reserved_tokens"u8, reserved.Tokens);
            w.WriteNumber("remaining_tokens"u8, Math.Max(tokens - spent.Amounts.Tokens - reserved.Tokens, 0));
        }

        w.WriteEndObject();
    }
}
