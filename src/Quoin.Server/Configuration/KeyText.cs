using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Quoin.Server.Configuration;

/// <summary>How keys, their hashes and their ends are written.</summary>
internal static class KeyText
{
    /// <summary>Fewer can be guessed over the network.</summary>
    public const int LeastChars = 16;

    /// <summary>Longer values are not even hashed. Signed tokens of others reach several hundred characters.</summary>
    public const int MostChars = 512;

    private const string HashPrefix = "sha256:";

    public static bool IsKey(string key) =>
        key.Length is >= LeastChars and <= MostChars && !key.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>False: the entry holds neither a key nor a well-formed hash.</summary>
    public static bool TryHash(KeyOptions options, out byte[] hash)
    {
        hash = new byte[SHA256.HashSizeInBytes];
        if (!string.IsNullOrEmpty(options.Key))
        {
            SHA256.HashData(Encoding.UTF8.GetBytes(options.Key), hash);
            return true;
        }

        return options.Hash is { } text && text.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase)
            && text.Length == HashPrefix.Length + (2 * hash.Length)
            && Convert.FromHexString(text.AsSpan(HashPrefix.Length), hash, out _, out _)
                == System.Buffers.OperationStatus.Done;
    }

    public static bool TryReadTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text,
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
        CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
}
