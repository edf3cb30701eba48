using System.Text;

namespace Quoin.Server.Configuration.Binding;

/// <summary>
/// Puts environment variables into a value: <c>${NAME}</c>, or <c>${NAME:-default}</c> where NAME may be unset or
/// empty; <c>$${</c> stands for the characters <c>${</c>, any other <c>$</c> for itself. What a variable holds is
/// never looked at again: neither for further variables nor as YAML.
/// </summary>
internal static class VariableExpansion
{
    private const string Forms = "${NAME}, ${NAME:-default}, or $${ for the characters ${";

    // A variable with such a name holds a secret wherever it is used.
    private static readonly string[] SecretNames = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

    /// <param name="Secret">A variable whose name tells of a secret was put in.</param>
    /// <param name="Expanded">Any variable was put in.</param>
    public readonly record struct Result(string Text, bool Expanded, bool Secret, ConfigurationError? Error);

    public static Result Expand(string text, Origin origin, string path, Func<string, string?> environment)
    {
        if (!text.Contains("${", StringComparison.Ordinal))
            return new(text, false, false, null);
        var output = new StringBuilder(text.Length);
        var (expanded, secret) = (false, false);
        for (var i = 0; i < text.Length;)
        {
            if (text.AsSpan(i).StartsWith("$${", StringComparison.Ordinal))
            {
                output.Append("${");
                i += 3;
                continue;
            }

            if (!text.AsSpan(i).StartsWith("${", StringComparison.Ordinal))
            {
                output.Append(text[i++]);
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0 || !TrySplit(text[(i + 2)..end], out var name, out var fallback))
            {
                return new(text, expanded, secret, new(
                    ConfigurationErrorKind.BadExpansion, origin, path, "a ${ that is not a variable")
                {
                    Accepted = Forms,
                });
            }

            var value = environment(name);
            if (value is null && fallback is null)
            {
                return new(text, expanded, secret, new(
                    ConfigurationErrorKind.UnsetVariable, origin, path, $"the environment variable {name} is not set")
                {
                    Accepted = $"set {name}, or write ${{{name}:-default}}",
                });
            }

            expanded = true;
            secret |= SecretNames.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
            output.Append(fallback is not null && string.IsNullOrEmpty(value) ? fallback : value);
            if (output.Length > ConfigurationLimits.ValueLength)
                break;
            i = end + 1;
        }

        return new(output.ToString(), expanded, secret, null);
    }

    private static bool TrySplit(string inner, out string name, out string? fallback)
    {
        var colon = inner.IndexOf(":-", StringComparison.Ordinal);
        name = colon < 0 ? inner : inner[..colon];
        fallback = colon < 0 ? null : inner[(colon + 2)..];
        return IsName(name) && fallback?.Contains("${", StringComparison.Ordinal) != true;
    }

    private static bool IsName(string name)
    {
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            return false;
        return name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');
    }
}
