using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway;

/// <summary>Chooses how a client's wire API is put to a provider that does not speak it.</summary>
internal static class TranslationTable
{
    /// <summary>Null when the provider offers nothing that serves the operation.</summary>
    public static AttemptPlan? Find(Exchange exchange, Provider provider)
    {
        var operation = WireApis.OperationOf(exchange.Call.Api);
        foreach (var api in provider.Speaks)
        {
            if (WireApis.OperationOf(api) == operation && api != WireApi.OpenAICompletions)
            {
                return Plan(api, operation);
            }
        }

        return null;
    }

    private static AttemptPlan Plan(WireApi api, Operation operation)
    {
        var dialect = WireApis.DialectOf(api);
        ITranslation translation = operation switch
        {
            Operation.Chat => new ChatTranslation(dialect),
            _ => throw new NotSupportedException(),
        };
        return new AttemptPlan(api, dialect, Model: "", Stream: false, translation);
    }
}
