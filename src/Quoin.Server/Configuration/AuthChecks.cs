using System.Globalization;

namespace Quoin.Server.Configuration;

/// <summary>A setting that cannot be, found by a check across values.</summary>
internal readonly record struct SettingFault(
    ConfigurationErrorKind Kind, string Path, string Message, string? Accepted = null, string? Found = null);

/// <summary>What is wrong with the keys of <c>auth:</c>. Neither a key nor its hash is ever told.</summary>
internal static class AuthChecks
{
    public static IEnumerable<SettingFault> Check(AuthOptions auth)
    {
        if (auth is { Enabled: true, Keys.Count: 0 })
        {
            yield return new(ConfigurationErrorKind.Missing, "auth.keys", "nobody could be admitted",
                "at least one key: {name: NAME, key: KEY}");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var hashes = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < auth.Keys.Count; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"auth.keys[{i}]");
            foreach (var fault in Check(path, auth.Keys[i]))
            {
                yield return fault;
            }

            if (auth.Keys[i].Name.Length > 0 && !names.Add(auth.Keys[i].Name))
            {
                yield return new(ConfigurationErrorKind.Contradiction, path + ".name", "two keys of one name",
                    "another name", Binding.Text.Quoted(auth.Keys[i].Name));
            }

            if (KeyText.TryHash(auth.Keys[i], out var hash) && !hashes.Add(Convert.ToHexString(hash)))
            {
                yield return new(ConfigurationErrorKind.Contradiction, path, "the same key stands in the list twice",
                    "each key once");
            }
        }
    }

    private static IEnumerable<SettingFault> Check(string path, KeyOptions key)
    {
        if (key.Name.Length > 0 && !IsName(key.Name))
        {
            yield return new(ConfigurationErrorKind.WrongType, path + ".name", "not a name for a key",
                "letters, digits, '.', '_' and '-', at most 64", Binding.Text.Quoted(key.Name));
        }

        if (string.IsNullOrEmpty(key.Key) == string.IsNullOrEmpty(key.Hash))
        {
            yield return new(ConfigurationErrorKind.Contradiction, path,
                string.IsNullOrEmpty(key.Key) ? "neither key nor hash" : "both key and hash",
                "key: KEY or hash: sha256:HEX");
        }
        else if (!string.IsNullOrEmpty(key.Key) && !KeyText.IsKey(key.Key))
        {
            yield return new(ConfigurationErrorKind.OutOfRange, path + ".key", "not a key",
                $"{KeyText.LeastChars} to {KeyText.MostChars} printable ASCII characters without spaces");
        }
        else if (!KeyText.TryHash(key, out _))
        {
            yield return new(ConfigurationErrorKind.WrongType, path + ".hash", "not a hash",
                "sha256: and 64 hexadecimal digits");
        }

        if (!string.IsNullOrEmpty(key.RateLimit) && !Rate.TryParse(key.RateLimit, out _))
        {
            yield return new(ConfigurationErrorKind.WrongType, path + ".rate_limit", "not a rate", Rate.Accepted,
                Binding.Text.Quoted(key.RateLimit));
        }

        if (!string.IsNullOrEmpty(key.Cost) && !MoneyRate.TryParse(key.Cost, out _))
        {
            yield return new(ConfigurationErrorKind.WrongType, path + ".cost", "not a rate of money",
                MoneyRate.Accepted, Binding.Text.Quoted(key.Cost));
        }

        if (!string.IsNullOrEmpty(key.Expires) && !KeyText.TryReadTime(key.Expires, out _))
        {
            yield return new(ConfigurationErrorKind.WrongType, path + ".expires", "not a time",
                "a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z", Binding.Text.Quoted(key.Expires));
        }
    }

    private static bool IsName(string name) =>
        name.Length <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
