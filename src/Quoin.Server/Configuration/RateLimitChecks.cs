using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>What is wrong with <c>rate_limit:</c>.</summary>
internal static class RateLimitChecks
{
    public static IEnumerable<SettingFault> Check(RateLimitOptions options)
    {
        foreach (var (path, text) in options.Models
            .Select(model => ($"rate_limit.models.{Text.Printable(model.Key)}", model.Value))
            .Prepend(("rate_limit.default", options.Default)))
        {
            if (!Rate.TryParse(text, out _))
            {
                yield return new(
                    ConfigurationErrorKind.WrongType, path, "not a rate", Rate.Accepted, Text.Quoted(text));
            }
        }
    }
}
