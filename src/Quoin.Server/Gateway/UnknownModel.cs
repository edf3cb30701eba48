using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway;

/// <summary>The 404 for a model that nobody serves, with the names that come nearest to it.</summary>
internal static class UnknownModel
{
    public static async Task<GatewayError> ErrorAsync(
        ModelRouter router, GatewaySnapshot snapshot, string model, CancellationToken cancellationToken)
    {
        var known = await router.ListAsync(snapshot, cancellationToken);
        var near = known
            .Select(listed => (listed.Name, Distance: EditDistance(model, listed.Name)))
            .Where(item => item.Distance <= Math.Max(2, model.Length / 2))
            .OrderBy(item => item.Distance)
            .ThenBy(item => item.Name, StringComparer.Ordinal)
            .Take(Limits.NearNames)
            .Select(item => item.Name)
            .ToArray();
        var shown = model.Length > 100 ? model[..100] + "…" : model;
        var hint = near.Length > 0 ? $"; did you mean {string.Join(", ", near)}?" : "; see GET /v1/models";
        return new GatewayError(GatewayErrorKind.NotFound, $"no provider serves the model {shown}{hint}")
        {
            Param = "model",
            Code = "model_not_found",
        };
    }

    /// <summary>Levenshtein's distance of the first 64 characters: enough to tell names apart, and bounded.</summary>
    internal static int EditDistance(string a, string b)
    {
        const int Most = 64;
        var x = a.AsSpan(0, Math.Min(a.Length, Most));
        var y = b.AsSpan(0, Math.Min(b.Length, Most));
        Span<int> row = stackalloc int[Most + 1];
        for (var j = 0; j <= y.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= x.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= y.Length; j++)
            {
                var cost = char.ToLowerInvariant(x[i - 1]) == char.ToLowerInvariant(y[j - 1]) ? 0 : 1;
                var next = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                (diagonal, row[j]) = (row[j], next);
            }
        }

        return row[y.Length];
    }
}
