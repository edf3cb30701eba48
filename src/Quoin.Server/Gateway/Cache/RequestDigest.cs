using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// What a request's answer depends on, as a <see cref="CacheKey"/>: tenant, route, wire API, and the body in one
/// spelling: object keys in order, no white space, strings unescaped with their length, equal numbers alike
/// (<c>1</c>, <c>1.0</c>, <c>1e0</c>), without the fields that do not change the answer.
/// </summary>
internal static class RequestDigest
{
    private const byte Version = 1;

    /// <summary>Fields at the top of a body that do not change what is answered.</summary>
    /// <remarks>
    /// Who asks and why (user, metadata, safety identifiers), how the answer travels (stream), and hints to the
    /// provider's own cache and scheduling. Responses' <c>store</c> stays: a stored answer can be referred to later.
    /// </remarks>
    private static bool IsVolatile(WireApi api, ReadOnlySpan<byte> name) => api switch
    {
        WireApi.OpenAIChat or WireApi.OpenAICompletions or WireApi.HapaxCompletions or WireApi.OpenAIEmbeddings =>
            IsOneOf(name, OpenAIFields) || name.SequenceEqual("store"u8),
        WireApi.OpenAIResponses => IsOneOf(name, OpenAIFields),
        WireApi.AnthropicMessages or WireApi.AnthropicCountTokens =>
            IsOneOf(name, ["stream", "metadata", "service_tier"]),
        _ => name.SequenceEqual("labels"u8),
    };

    private static readonly string[] OpenAIFields =
    [
        "user", "stream", "stream_options", "metadata", "service_tier", "safety_identifier", "prompt_cache_key",
        "prompt_cache_retention",
    ];

    /// <summary>Fields whose presence makes the answer depend on what is not in the request.</summary>
    private static readonly string[] StatefulFields = ["previous_response_id", "conversation", "background"];

    /// <summary>Null where the answer must not be kept: it depends on more than the request.</summary>
    public static RequestKey? Of(string tenant, string route, WireApi api, ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
        using var text = new PooledBuffer();
        WriteName(tenant, text);
        WriteName(route, text);
        text.Write([Version, (byte)api]);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (api == WireApi.OpenAIResponses
            && Array.Exists(StatefulFields, field => root.TryGetProperty(field, out var value) && IsSet(value)))
        {
            return null;
        }

        // The model stands in the route, and the gateway's name for it is not the one in every body.
        WriteObject(root, name => IsVolatile(api, name) || name.SequenceEqual("model"u8), api, text);
        Span<byte> hash = stackalloc byte[CacheKey.Bytes];
        SHA256.HashData(text.WrittenSpan, hash);
        var usage = root.TryGetProperty("stream_options"u8, out var options)
            && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("include_usage"u8, out var include) && include.ValueKind == JsonValueKind.True;
        return new RequestKey(CacheKey.From(hash), usage);
    }

    private static bool IsSet(JsonElement value) => value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);

    private static bool IsOneOf(ReadOnlySpan<byte> name, string[] fields)
    {
        foreach (var field in fields)
        {
            if (Ascii.Equals(name, field))
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteName(string name, PooledBuffer text)
    {
        WriteLength(Encoding.UTF8.GetByteCount(name), text);
        text.Advance(Encoding.UTF8.GetBytes(name, text.GetSpan(Encoding.UTF8.GetMaxByteCount(name.Length))));
    }

    private static void WriteValue(JsonElement value, WireApi api, PooledBuffer text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                // Anthropic's cache_control stands in any block, and is a hint to the provider's cache.
                WriteObject(
                    value,
                    api == WireApi.AnthropicMessages ? static name => name.SequenceEqual("cache_control"u8) : null,
                    api,
                    text);
                break;
            case JsonValueKind.Array:
                text.Write("["u8);
                foreach (var item in value.EnumerateArray())
                {
                    WriteValue(item, api, text);
                }

                text.Write("]"u8);
                break;
            case JsonValueKind.String:
                text.Write("s"u8);
                var raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
                WriteString(raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(value.GetString()!) : raw, text);
                break;
            case JsonValueKind.Number:
                text.Write("n"u8);
                WriteString(Number(value), text);
                break;
            default:
                text.Write(JsonMarshal.GetRawUtf8Value(value)[..1]);
                break;
        }
    }

    private delegate bool NameTest(ReadOnlySpan<byte> name);

    private static void WriteObject(JsonElement value, NameTest? leftOut, WireApi api, PooledBuffer text)
    {
        var names = new List<(byte[] Name, JsonElement Value)>();
        foreach (var property in value.EnumerateObject())
        {
            var raw = JsonMarshal.GetRawUtf8PropertyName(property);
            var name = raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(property.Name) : raw.ToArray();
            if (leftOut?.Invoke(name) != true)
            {
                names.Add((name, property.Value));
            }
        }

        // Stable, so that of a name given twice the order stays.
        text.Write("{"u8);
        foreach (var (name, element) in names.OrderBy(pair => pair.Name, ByteOrder.Instance))
        {
            WriteString(name, text);
            WriteValue(element, api, text);
        }

        text.Write("}"u8);
    }

    private static void WriteString(ReadOnlySpan<byte> bytes, PooledBuffer text)
    {
        WriteLength(bytes.Length, text);
        text.Write(bytes);
    }

    private static void WriteLength(int length, PooledBuffer text)
    {
        length.TryFormat(text.GetSpan(12), out var digits, default, CultureInfo.InvariantCulture);
        text.Advance(digits);
        text.Write(":"u8);
    }

    /// <summary>28 digits are told apart; a number beyond them counts as it is written.</summary>
    private static ReadOnlySpan<byte> Number(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (!raw.ContainsAny((byte)'.', (byte)'e', (byte)'E') && raw.Length < 18 && !raw.SequenceEqual("-0"u8))
        {
            return raw;
        }

        return raw.Length <= 28 && value.TryGetDecimal(out var number)
            ? Encoding.ASCII.GetBytes(number.ToString("0.############################", CultureInfo.InvariantCulture))
            : raw;
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}

/// <param name="UsageIncluded">openai-chat: a stream is asked for with the chunk that tells the usage.</param>
internal readonly record struct RequestKey(CacheKey Key, bool UsageIncluded);
