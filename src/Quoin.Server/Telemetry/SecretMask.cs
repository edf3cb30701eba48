using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using Quoin.Server.Configuration;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Replaces configured secrets by <c>***</c> in what goes out. Works on UTF-8 bytes looked at as Latin-1
/// characters: a byte is a character, so the vectorised search over many strings at once finds byte positions, and
/// text without a secret costs one widening and one pass. Each secret is also looked for as JSON and URLs spell it.
/// Immutable; a reload makes a new one.
/// </summary>
internal sealed class SecretMask
{
    public static readonly SecretMask Empty = new([]);

    private readonly string[] _patterns;
    private readonly SearchValues<string>? _search;

    public SecretMask(IEnumerable<string?> secrets)
    {
        var patterns = new HashSet<string>(StringComparer.Ordinal);
        foreach (var secret in secrets.OfType<string>().Where(s => s.Length >= TelemetryLimits.SecretChars))
        {
            patterns.Add(AsBytes(secret));
            patterns.Add(AsBytes(Uri.EscapeDataString(secret)));
            patterns.Add(AsBytes(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret)));
            patterns.Add(AsBytes(JavaScriptEncoder.Default.Encode(secret)));
        }

        // The longest first: of a key that starts with another key nothing is left over.
        _patterns = [.. patterns.OrderByDescending(pattern => pattern.Length)];
        _search = _patterns.Length > 0 ? SearchValues.Create(_patterns, StringComparison.Ordinal) : null;
    }

    /// <summary>
    /// The secrets of a configuration: keys and headers of providers, with and without their scheme, keys of callers,
    /// passwords.
    /// </summary>
    public static SecretMask From(QuoinOptions options) => new(
        options.Providers.Values.SelectMany(SecretsOf).Append(options.Jobs.WebhookSecret)
            .Concat(options.Auth.Keys.Select(key => key.Key))
            .Concat(SecretsOf(options.Llm.Cache.Redis)));

    /// <summary>Writes <paramref name="text"/> with its secrets masked.</summary>
    public void Write(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        if (_search is null || text.IsEmpty)
        {
            output.Write(text);
            return;
        }

        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        var chars = rented.AsSpan(0, text.Length);
        Encoding.Latin1.GetChars(text, chars);
        while (chars.IndexOfAny(_search) is >= 0 and var found)
        {
            output.Write(text[..found]);
            output.Write("***"u8);
            var end = found + LengthAt(chars[found..]);
            text = text[end..];
            chars = chars[end..];
        }

        output.Write(text);
        ArrayPool<char>.Shared.Return(rented, clearArray: true);
    }

    /// <summary>Whether <see cref="Write"/> would change it.</summary>
    public bool Matches(ReadOnlySpan<byte> text)
    {
        if (_search is null || text.IsEmpty)
        {
            return false;
        }

        var rented = ArrayPool<char>.Shared.Rent(text.Length);
        Encoding.Latin1.GetChars(text, rented);
        var found = rented.AsSpan(0, text.Length).ContainsAny(_search);
        ArrayPool<char>.Shared.Return(rented, clearArray: true);
        return found;
    }

    public string Mask(string text)
    {
        if (_search is null || text.Length < TelemetryLimits.SecretChars)
        {
            return text;
        }

        var output = new ArrayBufferWriter<byte>(text.Length);
        Write(Encoding.UTF8.GetBytes(text), output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static IEnumerable<string?> SecretsOf(ProviderOptions provider)
    {
        yield return provider.ApiKey;
        foreach (var key in provider.ApiKeys)
        {
            yield return key;
        }

        foreach (var value in provider.Headers.Values)
        {
            yield return value;
            var space = value.IndexOf(' ', StringComparison.Ordinal);
            if (space >= 0)
            {
                yield return value[(space + 1)..].Trim();
            }
        }
    }

    private static IEnumerable<string?> SecretsOf(RedisOptions redis)
    {
        yield return redis.Password;
        if (Uri.TryCreate(redis.Address, UriKind.Absolute, out var address))
        {
            yield return Secrets.PasswordOf(address);
        }
    }

    private static string AsBytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private int LengthAt(ReadOnlySpan<char> chars)
    {
        foreach (var pattern in _patterns)
        {
            if (chars.StartsWith(pattern, StringComparison.Ordinal))
            {
                return pattern.Length;
            }
        }

        return 1;
    }
}
