using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>Tells once of each model that was called under a limit or a budget in money and has no price.</summary>
internal sealed partial class UnpricedModels(ILogger logger)
{
    private readonly ConcurrentDictionary<(string Provider, string Model), bool> _told = new();

    public void Note(string provider, string model)
    {
        if (_told.Count < UsageLimits.Unpriced && _told.TryAdd((provider, model), true))
        {
            Log.Unpriced(logger, model, provider);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2410, LogLevel.Warning,
            "Model {Model} of provider {Provider} has no price: it costs budgets and limits nothing "
            + "(providers.*.prices)",
            EventName = nameof(Unpriced))]
        public static partial void Unpriced(ILogger logger, string model, string provider);
    }
}
