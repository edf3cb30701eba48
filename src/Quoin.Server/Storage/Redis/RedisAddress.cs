using System.Globalization;
using Quoin.Server.Configuration;

namespace Quoin.Server.Storage.Redis;

/// <summary>Where a Redis is: <c>host:port</c> or <c>redis://[user:password@]host[:port][/db]</c>.</summary>
internal readonly record struct RedisAddress(string Host, int Port, string? Password, int Db, string? Error)
{
    private const int DefaultPort = 6379;
    private const string Accepted = "accepted: host:port, or redis://[:password@]host:port[/db]";

    public static RedisAddress Read(RedisOptions options)
    {
        var text = options.Address ?? "localhost:6379";
        if (text.StartsWith("redis://", StringComparison.OrdinalIgnoreCase))
        {
            return ReadUrl(text, options);
        }

        if (text.Contains("://", StringComparison.Ordinal))
        {
            return Wrong($"only redis:// is possible here, not TLS (rediss) or a socket; {Accepted}");
        }

        // A name with a port; an IPv6 address stands in brackets.
        return Uri.TryCreate("redis://" + text, UriKind.Absolute, out var address) && address.Host.Length > 0
            && address.PathAndQuery is "/" or "" && address.UserInfo.Length == 0
                ? new RedisAddress(HostOf(address), PortOf(address), options.Password, options.Db, null)
                : Wrong($"not an address; {Accepted}");
    }

    private static RedisAddress ReadUrl(string text, RedisOptions options)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Host.Length == 0)
        {
            return Wrong($"not an address; {Accepted}");
        }

        var db = options.Db;
        var path = address.AbsolutePath.Trim('/');
        if (path.Length > 0 && !int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out db))
        {
            return Wrong($"the database in it is no number; {Accepted}");
        }

        var password = options.Password ?? Secrets.PasswordOf(address);
        return new RedisAddress(HostOf(address), PortOf(address), password, db, null);
    }

    private static string HostOf(Uri address) => address.DnsSafeHost;

    private static int PortOf(Uri address) => address.Port > 0 ? address.Port : DefaultPort;

    private static RedisAddress Wrong(string error) => new("", 0, null, 0, error);
}
