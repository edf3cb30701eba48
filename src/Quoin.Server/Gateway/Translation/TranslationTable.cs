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
            // Completions are a shape for clients, and one embedding is a batch of one: neither is translated to.
            if (WireApis.OperationOf(api) == operation
                && api is not (WireApi.OpenAICompletions or WireApi.GeminiEmbed))
            {
                return Plan(api, operation);
            }
        }

        // Whoever chats reads tokens, counted or not.
        var chats = provider.Speaks.Any(api => WireApis.OperationOf(api) == Operation.Chat);
        return operation == Operation.CountTokens && chats
            ? new AttemptPlan(exchange.Call.Api, exchange.Dialect, "", Stream: false, Translation: null)
            {
                LocalAnswer = TokenCounting.Estimate(exchange),
            }
            : null;
    }

    private static AttemptPlan Plan(WireApi api, Operation operation)
    {
        var dialect = WireApis.DialectOf(api);
        ITranslation translation = operation switch
        {
            Operation.CountTokens => new TokenCounting(api),
            Operation.Embeddings => new EmbeddingsTranslation(api),
            _ => new ChatTranslation(dialect),
        };
        return new AttemptPlan(api, dialect, Model: "", Stream: false, translation);
    }
}
