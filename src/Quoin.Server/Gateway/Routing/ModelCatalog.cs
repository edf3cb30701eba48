using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Routing;

/// <summary>
/// What providers say they serve, asked for when it is first needed and again when it is older than
/// <see cref="Age"/>; concurrent callers share one question. A provider that does not answer within
/// <see cref="Patience"/> has an empty list for <see cref="FailureAge"/>. Never on the path of a routed request.
/// </summary>
internal sealed partial class ModelCatalog(TimeProvider time, ILogger<ModelCatalog> logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FailureAge = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<Upstream, Lazy<Task<Answer>>> _answers = new();

    /// <summary>The provider's models; empty when it does not tell.</summary>
    public async Task<IReadOnlySet<string>> ListAsync(Upstream upstream, CancellationToken cancellationToken)
    {
        var asked = _answers.GetOrAdd(upstream, NewQuestion);
        var answer = await asked.Value.WaitAsync(cancellationToken);
        if (time.GetUtcNow() < answer.GoodUntil)
        {
            return answer.Models;
        }

        var again = NewQuestion(upstream);
        var current = _answers.TryUpdate(upstream, again, asked) ? again : _answers.GetOrAdd(upstream, NewQuestion);
        return (await current.Value.WaitAsync(cancellationToken)).Models;
    }

    /// <summary>Forgets providers that are no longer configured.</summary>
    public void Keep(IEnumerable<Upstream> upstreams)
    {
        var kept = upstreams.ToHashSet();
        foreach (var upstream in _answers.Keys.Where(upstream => !kept.Contains(upstream)))
        {
            _answers.TryRemove(upstream, out _);
        }
    }

    private Lazy<Task<Answer>> NewQuestion(Upstream upstream) => new(() => AskAsync(upstream));

    private async Task<Answer> AskAsync(Upstream upstream)
    {
        if (upstream.Provider.ModelsPath is not { } path)
        {
            return new Answer(new HashSet<string>(), DateTimeOffset.MaxValue);
        }

        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var request = upstream.CreateRequest(HttpMethod.Get, path);
            upstream.Provider.Authorize(request, upstream.Provider.Speaks[0]);
            using var response = await upstream.SendAsync(request, patience.Token);
            if (!response.IsSuccess)
            {
                throw new HttpRequestException($"it answered {response.Status}");
            }

            using var body = new PooledBuffer();
            await body.ReadToEndAsync(response, Limits.ModelListBytes, patience.Token);
            return new Answer(ReadNames(body.WrittenMemory), time.GetUtcNow() + Age);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException
            or IOException or InvalidOperationException)
        {
            Log.CatalogUnavailable(logger, upstream.Name, e.Message);
            return new Answer(new HashSet<string>(), time.GetUtcNow() + FailureAge);
        }
    }

    /// <summary>
    /// OpenAI's and Anthropic's <c>data[].id</c>, or Gemini's <c>models[].name</c> without its prefix.
    /// </summary>
    internal static IReadOnlySet<string> ReadNames(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (root.ValueKind != JsonValueKind.Object)
        {
            return names;
        }

        var (list, field) = root.TryGetProperty("data", out var data) ? (data, "id")
            : root.TryGetProperty("models", out var models) ? (models, "name") : (default, "");
        if (list.ValueKind != JsonValueKind.Array)
        {
            return names;
        }

        foreach (var item in list.EnumerateArray().Take(Limits.ModelListEntries))
        {
            if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty(field, out var name)
                && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text)
            {
                names.Add(text.StartsWith("models/", StringComparison.Ordinal) ? text["models/".Length..] : text);
            }
        }

        return names;
    }

    private sealed record Answer(IReadOnlySet<string> Models, DateTimeOffset GoodUntil);

    private static partial class Log
    {
        [LoggerMessage(2101, LogLevel.Warning, "Provider {Provider} does not list its models: {Reason}",
            EventName = nameof(CatalogUnavailable))]
        public static partial void CatalogUnavailable(ILogger logger, string provider, string reason);
    }
}
