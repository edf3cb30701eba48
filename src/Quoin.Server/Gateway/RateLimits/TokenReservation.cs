using System.Runtime.InteropServices;
using System.Text.Json;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// What a request may use, before it is sent: one pass over its body in whatever dialect, without allocation. Text
/// counts a token for four bytes, as <see cref="TokenEstimate"/> does; data in base64 (an image, a file) counts as one
/// image whatever its length. The output is what the request allows, or the usual.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenReservation(long Input, long Output)
{
    private const int BytesPerToken = 4;
    private const int TokensPerImage = 765;

    /// <summary>Longer strings that look like base64 are data. Texts have spaces long before.</summary>
    private const int DataBytes = 1024;

    public long Total => Input + Output;

    /// <param name="body">JSON that was found sound.</param>
    public static TokenReservation Of(ReadOnlySpan<byte> body, bool answers)
    {
        var (bytes, tokens, output) = (0L, 0L, (long)RateLimitLimits.OutputTokens);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
        var bound = false;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    bound = reader.CurrentDepth <= 2 && IsBound(ref reader);
                    break;
                case JsonTokenType.Number when bound:
                    output = reader.TryGetInt64(out var most) ? most : output;
                    bound = false;
                    break;
                case JsonTokenType.String when IsData(reader.ValueSpan):
                    tokens += TokensPerImage;
                    break;
                case JsonTokenType.String:
                    bytes += reader.ValueSpan.Length;
                    break;
            }
        }

        tokens += (bytes + BytesPerToken - 1) / BytesPerToken;
        return new TokenReservation(
            Math.Clamp(tokens, 0, RateLimitLimits.ReservedTokens),
            answers ? Math.Clamp(output, 0, RateLimitLimits.ReservedTokens) : 0);
    }

    private static bool IsBound(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8)
        || reader.ValueTextEquals("max_output_tokens"u8) || reader.ValueTextEquals("maxOutputTokens"u8);

    private static bool IsData(ReadOnlySpan<byte> text) =>
        text.Length > DataBytes
        && (text.StartsWith("data:"u8) || !text[..DataBytes].ContainsAny(" \n\\"u8));
}
