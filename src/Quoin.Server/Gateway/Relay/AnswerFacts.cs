using System.Text.Json;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Relay;

/// <summary>What is noted of an answer that is relayed untouched. Every reader proves that it is whole JSON.</summary>
internal static class AnswerFacts
{
    public static ResponseFacts Read(WireApi api, Dialect dialect, ReadOnlySpan<byte> body)
    {
        switch (WireApis.OperationOf(api))
        {
            case Operation.Chat:
                return dialect.ReadResponseFacts(body);
            case Operation.Embeddings when api == WireApi.OpenAIEmbeddings:
                return OpenAIChatFacts.Read(body);
            default:
                var reader = new Utf8JsonReader(body);
                while (reader.Read())
                {
                }

                return default;
        }
    }
}
