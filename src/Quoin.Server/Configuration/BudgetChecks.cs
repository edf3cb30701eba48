using System.Globalization;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>What is wrong with <c>database:</c> and with the budgets of keys.</summary>
internal static class BudgetChecks
{
    public static IEnumerable<SettingFault> Check(QuoinOptions options)
    {
        var url = options.Database.Url;
        if (url.Length > 0 && !DatabaseUrl.TryReadPath(url, out _))
        {
            // Other databases' URLs hold passwords: it is not shown.
            yield return new(
                ConfigurationErrorKind.NotAChoice, "database.url", "not a database that is offered",
                DatabaseUrl.Accepted);
        }

        for (var i = 0; i < options.Auth.Keys.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"auth.keys[{i}].budgets");
            var budgets = options.Auth.Keys[i].Budgets;
            if (budgets.Count > 0 && url.Length == 0)
            {
                yield return new(
                    ConfigurationErrorKind.Missing, path, "what is spent must outlive the server",
                    "database: {url: \"sqlite:./data/quoin.db\"} beside it");
            }

            for (var j = 0; j < budgets.Count; j++)
            {
                var budget = budgets[j];
                var at = string.Create(CultureInfo.InvariantCulture, $"{path}[{j}]");
                if (budget is { Amount: null, Tokens: null })
                {
                    yield return new(
                        ConfigurationErrorKind.Missing, at + ".amount", "a budget of nothing",
                        "amount, tokens or both");
                }

                if (budgets.Take(j).Any(other => other.Per == budget.Per))
                {
                    yield return new(
                        ConfigurationErrorKind.Contradiction, at + ".per", "two budgets for one period",
                        "one of each of day, week and month", Text.Quoted(budget.Per));
                }
            }
        }
    }
}
