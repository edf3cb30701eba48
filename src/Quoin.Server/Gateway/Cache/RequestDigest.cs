using System.Security.Cryptography;
using System.Text.Json;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// What a request's answer depends on, as a <see cref="CacheKey"/>: a SHA-256 over tenant, route, what else chooses
/// among answers (<see cref="AnswerVariants"/>), wire API, and the body in one spelling (<see cref="CanonicalJson"/>)
/// without the fields that do not change the answer.
/// </summary>
internal static class RequestDigest
{
    private const byte Version = 2;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = Limits.JsonDepth };

    /// <summary>Null where the answer must not be kept: it depends on more than the request.</summary>
    /// <param name="body">Valid JSON: the envelope was read before.</param>
    /// <param name="variants">Null where nothing beside the body chooses.</param>
    public static RequestKey? Of(
        string tenant, string route, WireApi api, ReadOnlySpan<byte> body, string? variants = null)
    {
        var text = CanonicalJson.Rent();
        try
        {
            text.WriteText(tenant);
            text.WriteText(route);
            text.WriteText(variants ?? "");
            text.Write(Version);
            text.Write((byte)api);
            var reader = new Utf8JsonReader(body, Options);
            var usage = false;
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject
                || !TryWriteBody(ref reader, api, text, ref usage))
            {
                return null;
            }

            Span<byte> hash = stackalloc byte[CacheKey.Bytes];
            SHA256.HashData(text.Written, hash);
            return new RequestKey(CacheKey.From(hash), usage);
        }
        finally
        {
            CanonicalJson.Return(text);
        }
    }

    /// <summary>False for a request whose answer depends on earlier ones.</summary>
    private static bool TryWriteBody(ref Utf8JsonReader reader, WireApi api, CanonicalJson text, ref bool usage)
    {
        text.LeavesOutCacheControl = api is WireApi.AnthropicMessages or WireApi.AnthropicCountTokens;
        var first = text.BeginObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = text.BeginMember(ref reader);
            var name = text.NameOf(member);
            if (api == WireApi.OpenAIResponses && IsStateful(name) && IsSet(reader))
            {
                return false;
            }

            usage |= name.SequenceEqual("stream_options"u8) && AsksForUsage(reader);

            // The model stands in the route, and the gateway's name for it is not the one in every body.
            if (IsVolatile(api, name) || name.SequenceEqual("model"u8))
            {
                text.LeaveOut(member);
                reader.Skip();
            }
            else
            {
                text.WriteValue(ref reader);
                text.EndMember(member);
            }
        }

        text.EndObject(first);
        return true;
    }

    /// <summary>Fields at the top of a body that do not change what is answered.</summary>
    /// <remarks>
    /// Who asks and why (user, metadata, safety identifiers), how the answer travels (stream), and hints to the
    /// provider's own cache and scheduling. Responses' <c>store</c> stays: a stored answer can be referred to later.
    /// </remarks>
    private static bool IsVolatile(WireApi api, ReadOnlySpan<byte> name) => api switch
    {
        WireApi.OpenAIChat or WireApi.OpenAICompletions or WireApi.HapaxCompletions or WireApi.OpenAIEmbeddings =>
            IsVolatileAtOpenAI(name) || name.SequenceEqual("store"u8),
        WireApi.OpenAIResponses => IsVolatileAtOpenAI(name),
        WireApi.AnthropicMessages or WireApi.AnthropicCountTokens =>
            name.SequenceEqual("stream"u8) || name.SequenceEqual("metadata"u8)
            || name.SequenceEqual("service_tier"u8) || name.SequenceEqual("cache_control"u8),
        _ => name.SequenceEqual("labels"u8),
    };

    private static bool IsVolatileAtOpenAI(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 => name.SequenceEqual("user"u8),
        6 => name.SequenceEqual("stream"u8),
        8 => name.SequenceEqual("metadata"u8),
        12 => name.SequenceEqual("service_tier"u8),
        14 => name.SequenceEqual("stream_options"u8),
        16 => name.SequenceEqual("prompt_cache_key"u8),
        17 => name.SequenceEqual("safety_identifier"u8),
        22 => name.SequenceEqual("prompt_cache_retention"u8),
        _ => false,
    };

    /// <summary>Fields whose presence makes the answer depend on what is not in the request.</summary>
    private static bool IsStateful(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("previous_response_id"u8) || name.SequenceEqual("conversation"u8)
        || name.SequenceEqual("background"u8);

    // Readers are structs: these two look ahead on a copy.
    private static bool IsSet(Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType is not (JsonTokenType.Null or JsonTokenType.False);

    private static bool AsksForUsage(Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var asks = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = IsNamed(ref reader, "include_usage"u8);
            reader.Read();
            asks = isIt ? reader.TokenType == JsonTokenType.True : asks;
            reader.Skip();
        }

        return asks;
    }

    private static bool IsNamed(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no name of ours.
            return false;
        }
    }
}

/// <param name="UsageIncluded">openai-chat: a stream is asked for with the chunk that tells the usage.</param>
internal readonly record struct RequestKey(CacheKey Key, bool UsageIncluded);
