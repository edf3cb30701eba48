using System.Net;
using Quoin.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Telemetry;

namespace Quoin.Server;

/// <summary>What the operator sees at start: what runs, where, with what, and what to watch out for.</summary>
internal static class StartScreen
{
    public static void Write(
        TextWriter screen, ConfigurationSource source, IReadOnlyList<Uri> addresses, Listeners listeners,
        GatewaySnapshot snapshot, int workers = 1)
    {
        screen.WriteLine($"Quoin {Product.Version}");
        var protocols = listeners.Edge.CertificateFile is null ? "HTTP/1.1" : "HTTP/1.1, HTTP/2";
        screen.WriteLine($"  listening      {addresses[0].ToString().TrimEnd('/')} ({protocols})");
        if (listeners.Edge.Http3 is { } http3)
        {
            screen.WriteLine($"  HTTP/3         UDP port {http3.Port} ({HttpEdge.TransportOf(http3)})");
        }

        if (workers > 1)
        {
            screen.WriteLine($"  workers        {workers}");
        }

        if (source.Current.Metrics.Enabled && (listeners.MetricsPort is not null || listeners.IsLoopback))
        {
            var page = listeners.MetricsPort is null ? addresses[0] : addresses[^1];
            screen.WriteLine($"  metrics        {new Uri(page, source.Current.Metrics.Path)}");
        }

        screen.WriteLine($"  configuration  {source.Loaded.File ?? "built-in defaults"}");
        screen.WriteLine($"  providers      {string.Join(", ", snapshot.Preferred.Select(Describe))}");
        foreach (var warning in Warnings(source, listeners))
        {
            screen.WriteLine($"  warning        {warning}");
        }

        if (snapshot.Preferred.All(upstream => upstream.Provider.Options.Type == "sim"))
        {
            screen.WriteLine("  try            curl -N " + new Uri(Here(addresses[0]), "/v1/chat/completions")
                + (source.Current.Auth.Enabled ? " -H 'Authorization: Bearer KEY'" : "")
                + " -H 'Content-Type: application/json'"
                + " -d '{\"model\":\"sim\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'");
        }

        screen.Flush();
    }

    /// <summary>Where a program on this machine finds it.</summary>
    private static Uri Here(Uri address) =>
        IPAddress.TryParse(address.Host.Trim('[', ']'), out var listening)
        && (listening.Equals(IPAddress.Any) || listening.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(address) { Host = "localhost" }.Uri
            : address;

    private static string Describe(Gateway.Providers.Upstream upstream) =>
        upstream.Name == upstream.Provider.Options.Type
            ? upstream.Name
            : $"{upstream.Name} ({upstream.Provider.Options.Type})";

    private static IEnumerable<string> Warnings(ConfigurationSource source, Listeners listeners)
    {
        var lacking = (source.Current.Auth.Enabled, listeners.Edge.CertificateFile is not null) switch
        {
            (true, true) => null,
            (true, false) => "TLS",
            (false, true) => "API keys",
            _ => "API keys or TLS",
        };
        if (!listeners.IsLoopback && lacking is not null)
        {
            yield return $"server.host {source.Current.Server.Host} is open to other machines, without {lacking}";
        }

        foreach (var warning in listeners.Warnings)
        {
            yield return warning;
        }
    }
}
