using System.Buffers;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Dialects.Anthropic;
using Quoin.Server.Gateway.Dialects.Gemini;

namespace Quoin.Server.Gateway;

/// <summary>
/// Counting the tokens of a request: Anthropic's and Gemini's APIs, put to each other, and an estimate where the
/// model's provider counts none.
/// </summary>
internal sealed class TokenCounting(WireApi upstream) : ITranslation
{
    public void WriteRequest(Exchange exchange, UpstreamTraits traits, IBufferWriter<byte> output)
    {
        if (upstream == WireApi.AnthropicCountTokens)
        {
            AnthropicCountTokens.WriteRequest(exchange.Chat, traits, output);
        }
        else
        {
            GeminiCountTokens.WriteRequest(exchange.Chat, traits, output);
        }
    }

    public ResponseFacts WriteResponse(
        Exchange exchange, AttemptPlan plan, ReadOnlyMemory<byte> body, IBufferWriter<byte> output)
    {
        var tokens = upstream == WireApi.AnthropicCountTokens
            ? AnthropicCountTokens.ReadResponse(body)
            : GeminiCountTokens.ReadResponse(body);
        Write(exchange.Call.Api, tokens, output);
        return default;
    }

    public static ChatRequest ReadRequest(WireApi api, ReadOnlyMemory<byte> body, Envelope envelope) =>
        api == WireApi.AnthropicCountTokens
            ? AnthropicCountTokens.ReadRequest(body)
            : GeminiCountTokens.ReadRequest(body, envelope);

    /// <summary>The client's answer from <see cref="TokenEstimate"/>.</summary>
    public static ReadOnlyMemory<byte> Estimate(Exchange exchange)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(exchange.Call.Api, TokenEstimate.Of(exchange.Chat), output);
        return output.WrittenMemory;
    }

    private static void Write(WireApi api, int tokens, IBufferWriter<byte> output)
    {
        if (api == WireApi.AnthropicCountTokens)
        {
            AnthropicCountTokens.WriteResponse(tokens, output);
        }
        else
        {
            GeminiCountTokens.WriteResponse(tokens, output);
        }
    }
}
