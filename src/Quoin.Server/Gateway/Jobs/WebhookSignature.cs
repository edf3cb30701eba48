using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// <c>X-Quoin-Signature: t=TIME,v1=HEX</c>: HEX is HMAC-SHA256, under the secret, of the time (Unix seconds), a full
/// stop and the body. With the time in it, an old call that somebody recorded is known for what it is.
/// </summary>
internal static class WebhookSignature
{
    public const string Header = "X-Quoin-Signature";

    public static string Of(string secret, DateTimeOffset time, ReadOnlySpan<byte> body)
    {
        var seconds = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.UTF8.GetBytes(seconds));
        hash.AppendData("."u8);
        hash.AppendData(body);
        return $"t={seconds},v1={Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
