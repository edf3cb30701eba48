using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Gemini;
using Quoin.Server.Gateway.Dialects.OpenAIEmbeddings;

namespace Quoin.Server.Gateway;

/// <summary>Embeddings between OpenAI's API and Gemini's two.</summary>
internal sealed class EmbeddingsTranslation(WireApi upstream) : ITranslation
{
    private EmbeddingsRequest? _request;

    public void WriteRequest(Exchange exchange, UpstreamTraits traits, IBufferWriter<byte> output)
    {
        _request = Read(exchange);
        switch (upstream)
        {
            case WireApi.OpenAIEmbeddings when _request.TaskType is not null || _request.Title is not null:
                throw new UntranslatableException(
                    ChatField.Turns, _request.TaskType is null ? "title" : "taskType",
                    "the provider's embeddings have no such parameter");
            case WireApi.OpenAIEmbeddings:
                OpenAIEmbeddingsBody.WriteRequest(_request, traits.Model, output);
                break;
            default:
                GeminiEmbeddings.WriteBatchRequest(_request, traits.Model, output);
                break;
        }
    }

    public ResponseFacts WriteResponse(
        Exchange exchange, AttemptPlan plan, ReadOnlyMemory<byte> body, IBufferWriter<byte> output)
    {
        var response = upstream == WireApi.OpenAIEmbeddings
            ? OpenAIEmbeddingsBody.ReadResponse(body)
            : GeminiEmbeddings.ReadResponse(body);
        var request = _request!;
        if (response.Vectors.Count != request.Inputs.Count)
        {
            throw new JsonException("as many embeddings as inputs were asked for");
        }

        switch (exchange.Call.Api)
        {
            case WireApi.OpenAIEmbeddings:
                OpenAIEmbeddingsBody.WriteResponse(response, request, plan.Model, output);
                break;
            case WireApi.GeminiEmbed:
                GeminiEmbeddings.WriteEmbedResponse(response, output);
                break;
            default:
                GeminiEmbeddings.WriteBatchResponse(response, output);
                break;
        }

        return new ResponseFacts(response.Model, null, response.Usage);
    }

    private static EmbeddingsRequest Read(Exchange exchange)
    {
        var body = exchange.Body.WrittenMemory;
        EnvelopeReader.CheckText(body.Span);
        return exchange.Call.Api switch
        {
            WireApi.OpenAIEmbeddings => OpenAIEmbeddingsBody.ReadRequest(body, exchange.Envelope),
            WireApi.GeminiEmbed => GeminiEmbeddings.ReadEmbedRequest(body, exchange.Envelope),
            _ => GeminiEmbeddings.ReadBatchRequest(body, exchange.Envelope),
        };
    }
}
