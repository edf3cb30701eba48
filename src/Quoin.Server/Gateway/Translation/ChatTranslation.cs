using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway;

/// <summary>Chat from any dialect to any other, through the one model of requests and answers.</summary>
internal sealed class ChatTranslation(Dialect upstream) : ITranslation
{
    public void WriteRequest(Exchange exchange, UpstreamTraits traits, IBufferWriter<byte> output) =>
        upstream.WriteRequest(exchange.Chat, traits, output);

    public ResponseFacts WriteResponse(
        Exchange exchange, AttemptPlan plan, ReadOnlyMemory<byte> body, IBufferWriter<byte> output)
    {
        var events = new List<ChatEvent>();
        upstream.ReadResponse(body, events);
        if (events.OfType<ResponseFailed>().FirstOrDefault() is { } failed)
        {
            throw new GatewayException(failed.Error);
        }

        var response = ChatResponse.Assemble(events)
            ?? throw new JsonException("the answer does not say why it ended");
        exchange.Dialect.WriteResponse(response, exchange.AnswerContextFor(plan.Model), output);
        return new ResponseFacts(response.Model, response.Finish, response.Usage);
    }
}
