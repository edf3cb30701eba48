namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// The tables. Each migration is final once it was released: a change is another one at the end. Money is in billionths
/// of a dollar, days are counted from 0001-01-01, times are Unix milliseconds.
/// </summary>
internal static class UsageSchema
{
    public static readonly string[] Migrations =
    [
        """
        CREATE TABLE usage_records (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, request_id TEXT NOT NULL, key TEXT NOT NULL,
            operation TEXT NOT NULL, requested_model TEXT NOT NULL, route TEXT NOT NULL, provider TEXT NOT NULL,
            model TEXT NOT NULL, status INTEGER NOT NULL, error TEXT NOT NULL, cache TEXT NOT NULL,
            stream INTEGER NOT NULL, attempts INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
            cached_input INTEGER NOT NULL, cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            estimated INTEGER NOT NULL, cost INTEGER NOT NULL) STRICT;
        CREATE INDEX usage_records_at ON usage_records (at);
        CREATE TABLE usage_days (
            day INTEGER NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
            requests INTEGER NOT NULL, errors INTEGER NOT NULL, cache_hits INTEGER NOT NULL,
            estimated INTEGER NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
            cached_input INTEGER NOT NULL, cache_write INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            cost INTEGER NOT NULL, PRIMARY KEY (day, key, provider, model)) STRICT, WITHOUT ROWID;
        CREATE TABLE spent (
            key TEXT NOT NULL, period INTEGER NOT NULL, start INTEGER NOT NULL, cost INTEGER NOT NULL,
            tokens INTEGER NOT NULL, PRIMARY KEY (key, period, start)) STRICT, WITHOUT ROWID
        """,
    ];

    public const string InsertRecord =
        """
        INSERT INTO usage_records (at, request_id, key, operation, requested_model, route, provider, model, status,
            error, cache, stream, attempts, input, output, cached_input, cache_write, reasoning, estimated, cost)
        VALUES ($at, $request_id, $key, $operation, $requested_model, $route, $provider, $model, $status,
            $error, $cache, $stream, $attempts, $input, $output, $cached_input, $cache_write, $reasoning, $estimated,
            $cost)
        """;

    public const string AddToDay =
        """
        INSERT INTO usage_days VALUES ($day, $key, $provider, $model, $requests, $failed, $hits, $estimated, $input, $output,
            $cached_input, $cache_write, $reasoning, $cost)
        ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors,
            cache_hits = cache_hits + excluded.cache_hits, estimated = estimated + excluded.estimated,
            input = input + excluded.input, output = output + excluded.output,
            cached_input = cached_input + excluded.cached_input, cache_write = cache_write + excluded.cache_write,
            reasoning = reasoning + excluded.reasoning, cost = cost + excluded.cost
        """;

    public const string AddToSpent =
        """
        INSERT INTO spent VALUES ($key, $period, $start, $cost, $tokens)
        ON CONFLICT DO UPDATE SET cost = cost + excluded.cost, tokens = tokens + excluded.tokens
        """;
}
