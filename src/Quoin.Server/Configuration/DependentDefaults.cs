namespace Quoin.Server.Configuration;

/// <summary>Defaults that depend on other settings. What is written stays as it is written.</summary>
internal static class DependentDefaults
{
    public static QuoinOptions Apply(
        QuoinOptions options, IReadOnlyDictionary<string, Origin> origins, string fileFolder, string workingFolder)
    {
        if (options.Database.Url is { Length: > 0 } url)
        {
            var fromFile = origins.TryGetValue("database.url", out var origin) && origin.Kind == OriginKind.File;
            options = options with
            {
                Database = options.Database with
                {
                    Url = DatabaseUrl.Resolve(url, fromFile ? fileFolder : workingFolder),
                },
            };
        }

        // Whoever needs a key to be answered, or is to come by TLS, may come from anywhere.
        if ((options.Auth is { Enabled: true, Keys.Count: > 0 } || options.Server.Tls.CertFile is { Length: > 0 })
            && !origins.ContainsKey("server.host"))
        {
            options = options with { Server = options.Server with { Host = "0.0.0.0" } };
        }

        if (!origins.ContainsKey("rate_limit.enabled"))
        {
            var written = origins.Keys.Any(key =>
                key == "rate_limit" || key.StartsWith("rate_limit.", StringComparison.Ordinal));
            options = options with
            {
                RateLimit = options.RateLimit with { Enabled = written || options.Auth.Enabled },
            };
        }

        return options;
    }
}
