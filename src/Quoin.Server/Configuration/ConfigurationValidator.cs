using System.Globalization;
using System.Net;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>
/// What no single value shows: names that nothing has, settings that contradict each other, files that are not there.
/// Reports all of it, each at the line of the setting to change. A value that the binder has refused already is not
/// reported again.
/// </summary>
internal sealed class ConfigurationValidator(
    QuoinOptions options,
    IReadOnlyDictionary<string, Origin> origins,
    IReadOnlySet<string> secretPaths,
    List<ConfigurationError> errors)
{
    /// <summary>What says where a message ends and for whom it is: two of one would be read in two ways.</summary>
    private static readonly HashSet<string> FramingHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer",
        "Upgrade", "Expect",
    };

    private readonly string[] _refused = [.. errors.Select(error => error.Key)];

    public void Validate()
    {
        ValidateListeners();
        foreach (var (name, provider) in options.Providers)
            ValidateProvider(name, provider);
        if (options.Providers.Count == 0)
        {
            Contradiction("providers", "no provider at all", "at least one, such as sim: {type: sim}");
        }

        ValidatePreference();
        ValidateRoutes();
        ValidateJobs();
        if (options.Llm.Retry.MaxDelay < options.Llm.Retry.InitialDelay)
        {
            var key = IsGiven("llm.retry.max_delay") ? "llm.retry.max_delay" : "llm.retry.initial_delay";
            Contradiction(key, "the longest pause is shorter than the first",
                "initial_delay no longer than max_delay");
        }
        foreach (var fault in AuthChecks.Check(options.Auth).Concat(RateLimitChecks.Check(options))
            .Concat(BudgetChecks.Check(options)))
            Report(fault.Kind, fault.Path, fault.Message, fault.Found, fault.Accepted);
    }

    private void ValidateJobs()
    {
        if (options.Jobs.WebhookSecret is { Length: < 16 })
        {
            Report(ConfigurationErrorKind.OutOfRange, "jobs.webhook_secret", "too short to sign with",
                accepted: "16 characters or more");
        }

        for (var i = 0; i < options.Jobs.WebhookAllowedHosts.Count; i++)
        {
            var host = options.Jobs.WebhookAllowedHosts[i];
            if (!Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var url) || url.Authority.Length == 0
                || url.PathAndQuery != "/" || url.UserInfo.Length > 0)
            {
                Report(ConfigurationErrorKind.WrongType,
                    string.Create(CultureInfo.InvariantCulture, $"jobs.webhook_allowed_hosts[{i}]"),
                    "not a host", found: Text.Quoted(host), accepted: "NAME or NAME:PORT");
            }
        }
    }

    private void ValidateListeners()
    {
        var (server, metrics) = (options.Server, options.Metrics);
        if (server.Host != "localhost" && !IPAddress.TryParse(server.Host, out _))
        {
            Report(ConfigurationErrorKind.WrongType, "server.host", "not an address to listen on",
                found: Text.Quoted(server.Host), accepted: "an IP address, localhost, 0.0.0.0 or ::");
        }

        if (metrics.Enabled && metrics.Port != 0 && metrics.Port == server.Port)
        {
            var key = IsGiven("metrics.port") ? "metrics.port" : "server.port";
            Contradiction(key, "server.port and metrics.port are the same",
                "two different ports, or metrics.port: 0 for the main port only");
        }

        if (!metrics.Path.StartsWith('/') || !metrics.Path.All(IsPathCharacter))
        {
            Report(ConfigurationErrorKind.WrongType, "metrics.path", "not a path of a URL",
                found: Text.Quoted(metrics.Path), accepted: "a path such as /metrics");
        }
    }

    private void ValidateProvider(string name, ProviderOptions provider)
    {
        var path = $"providers.{Text.Printable(name)}";
        if (!IsProviderName(name))
        {
            Report(ConfigurationErrorKind.WrongType, path, "not a name for a provider",
                accepted: "letters, digits, '.', '_' and '-', at most 64");
        }

        if (provider.Type.Length == 0)
            return;
        var key = $"{path}.api_key";
        if (provider.ApiKey is { } given && !IsKeyText(given))
        {
            // A line break at the end of a file or variable is the usual one. The value is not printed.
            Report(ConfigurationErrorKind.WrongType, key, "holds a character that no key has, such as a line break",
                accepted: "printable ASCII characters without spaces");
        }

        var hasKey = !string.IsNullOrEmpty(provider.ApiKey) || provider.ApiKeys.Count > 0;
        var hasUrl = provider.BaseUrl is not null;
        switch (provider.Type)
        {
            case "openai" or "anthropic" or "gemini" when !hasKey && !hasUrl:
                Missing(key, $"{provider.Type} at its own address needs an API key");
                break;
            case "azure-openai" when !hasKey:
                Missing(key, "azure-openai needs an API key");
                break;
        }

        if (provider.Type is "azure-openai" or "openai-compatible" && !hasUrl)
            Missing($"{path}.base_url", $"{provider.Type} has no address of its own");
        ValidateKeys($"{path}.api_keys", provider);
        ValidateFit(path, provider);
        ValidateHeaders(path, provider);
        var scenario = $"{path}.sim.scenario";
        if (provider.Sim.Scenario is { } file && !File.Exists(file))
            Report(ConfigurationErrorKind.Unreadable, scenario, "no such file", found: Text.Quoted(file));
    }

    private void ValidateKeys(string path, ProviderOptions provider)
    {
        if (provider.ApiKeys.Count > ConfigurationLimits.ProviderKeys)
        {
            Report(ConfigurationErrorKind.OutOfRange, path, "too many keys",
                accepted: $"at most {ConfigurationLimits.ProviderKeys}");
        }

        if (provider.ApiKeys.Any(key => key.Length == 0 || !IsKeyText(key)))
        {
            Report(ConfigurationErrorKind.WrongType, path, "a key is empty, or holds a character that no key has",
                accepted: "printable ASCII characters without spaces");
        }
    }

    /// <summary>A setting that the provider's type has no use for would be ignored: it is refused instead.</summary>
    private void ValidateFit(string path, ProviderOptions provider)
    {
        const string Callers = "types that call another server";
        var (isSim, unused) = (provider.Type == "sim", new ProviderOptions());
        (string Key, bool Fits, string Types)[] rules =
        [
            ("sim", isSim || provider.Sim == unused.Sim, "sim"),
            ("api_version", provider.Type == "azure-openai" || provider.ApiVersion is null, "azure-openai"),
            ("translate_to",
                provider.Type is "openai" or "azure-openai" || provider.TranslateTo == unused.TranslateTo,
                "openai and azure-openai"),
            ("default_max_tokens",
                provider.Type == "anthropic" || provider.DefaultMaxTokens == unused.DefaultMaxTokens, "anthropic"),
            ("api_key", !isSim || provider.ApiKey is null, Callers),
            ("api_keys", !isSim || provider.ApiKeys.Count == 0, Callers),
            ("base_url", !isSim || provider.BaseUrl is null, Callers),
            ("headers", !isSim || provider.Headers.Count == 0, Callers),
        ];
        if (provider is { Type: "azure-openai", ApiVersion.Length: > 0, TranslateTo: "openai-responses" })
            Contradiction($"{path}.translate_to", "needs the v1 API", "openai-chat, or no api_version");
        foreach (var (key, fits, types) in rules)
        {
            if (!fits)
                Contradiction($"{path}.{key}", $"has no effect for type {provider.Type}", $"only for {types}");
        }
    }

    private void ValidateHeaders(string path, ProviderOptions provider)
    {
        foreach (var (header, value) in provider.Headers)
        {
            var key = $"{path}.headers.{Text.Printable(header)}";
            if (header.Length == 0 || !header.All(IsTokenCharacter))
                Report(ConfigurationErrorKind.WrongType, key, "not a header name");
            if (FramingHeaders.Contains(header))
                Contradiction(key, "the gateway sets this header itself", "any header that does not frame the message");
            if (value.Any(character => character is < ' ' and not '\t' or > '~'))
            {
                Report(ConfigurationErrorKind.WrongType, key, "not a header value",
                    accepted: "printable ASCII characters");
            }
        }
    }

    private void ValidatePreference()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < options.ProviderPreference.Count; i++)
        {
            var name = options.ProviderPreference[i];
            var path = string.Create(CultureInfo.InvariantCulture, $"provider_preference[{i}]");
            ValidateReference(path, name);
            if (!seen.Add(name))
            {
                Report(ConfigurationErrorKind.Contradiction, path, "stands in the list twice",
                    found: Text.Quoted(name), accepted: "each provider once");
            }
        }
    }

    private void ValidateRoutes()
    {
        foreach (var (route, candidates) in options.Models)
        {
            var path = $"models.{Text.Printable(route)}";
            if (candidates.Count == 0)
                Contradiction(path, "a route without candidates", "at least one {provider: NAME}");
            if (candidates.Count > ConfigurationLimits.RouteCandidates)
            {
                Report(ConfigurationErrorKind.OutOfRange, path, "too many candidates",
                    accepted: $"at most {ConfigurationLimits.RouteCandidates}");
            }

            for (var i = 0; i < candidates.Count; i++)
            {
                ValidateReference(
                    string.Create(CultureInfo.InvariantCulture, $"{path}[{i}].provider"), candidates[i].Provider);
            }
        }
    }

    private void ValidateReference(string path, string name)
    {
        if (options.Providers.ContainsKey(name) || Refused("providers"))
            return;
        Add(new(ConfigurationErrorKind.Contradiction, Where(path), path, "no provider of that name")
        {
            Found = Text.Quoted(name),
            Nearest = NearestName.Find(name, options.Providers.Keys),
            Accepted = string.Join(", ", options.Providers.Keys.Take(20).Select(Text.Printable)),
        });
    }

    private void Missing(string path, string message) =>
        Report(ConfigurationErrorKind.Missing, path, message);

    private void Contradiction(string path, string message, string accepted) =>
        Report(ConfigurationErrorKind.Contradiction, path, message, accepted: accepted);

    private void Report(
        ConfigurationErrorKind kind, string path, string message, string? found = null, string? accepted = null) =>
        Add(new(kind, Where(path), path, message) { Found = found, Accepted = accepted });

    private void Add(ConfigurationError error)
    {
        if (Refused(error.Key))
            return;
        errors.Add(secretPaths.Contains(error.Key) ? error with { Found = null, Nearest = null } : error);
    }

    private bool Refused(string path) =>
        _refused.Any(key => key.Length > 0 && (key == path || path.StartsWith(key + ".", StringComparison.Ordinal)));

    private bool IsGiven(string path) => origins.ContainsKey(path);

    /// <summary>The place of the value, or of the innermost section around it that is written.</summary>
    private Origin Where(string path)
    {
        while (path.Length > 0)
        {
            if (origins.TryGetValue(path, out var origin))
                return origin;
            path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))];
        }

        return Origin.Default;
    }

    private static bool IsKeyText(string key) => key.All(character => character is > ' ' and <= '~');

    private static bool IsProviderName(string name) =>
        name.Length is > 0 and <= 64 && name.All(character => char.IsAsciiLetterOrDigit(character) ||
            character is '.' or '_' or '-');

    private static bool IsPathCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '/' or '.' or '_' or '-' or '~';

    private static bool IsTokenCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal);
}
