using System.Globalization;

namespace Quoin.Http;

/// <summary>The proxies in front of the server, and how they say for whom they speak.</summary>
public sealed record ProxyOptions
{
    /// <summary>
    /// Networks and addresses (<c>10.0.0.0/8</c>, <c>::1</c>) whose word on the client is believed. Empty: nobody's.
    /// 256 at most.
    /// </summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>
    /// Headers that are believed. Name the ones that the proxy writes itself: any other comes from the client as it
    /// likes.
    /// </summary>
    public ForwardedHeader Header { get; init; } = ForwardedHeader.Auto;

    /// <summary>Proxies in a row that are looked back through. 1..32.</summary>
    public int MaxHops { get; init; } = 8;

    /// <summary>Whether connections begin with the header of the PROXY protocol, versions 1 and 2.</summary>
    public ProxyProtocolMode ProxyProtocol { get; init; }

    /// <summary>Time for that header to come in; then the connection is closed. 100 ms..60 s.</summary>
    public TimeSpan ProxyProtocolTimeout { get; init; } = TimeSpan.FromSeconds(5);

    internal IEnumerable<string> Faults()
    {
        foreach (var network in Trusted.Where(network => !Proxies.TrustedNetworks.IsNetwork(network)))
        {
            yield return $"Proxies.Trusted: \"{network}\"; accepted: an address, or a network such as 10.0.0.0/8";
        }

        if (Trusted.Count > HttpLimits.TrustedNetworks)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Proxies.Trusted: {Trusted.Count}; accepted: {HttpLimits.TrustedNetworks} at most");
        }

        if (MaxHops is < 1 or > HttpLimits.ForwardedHops)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"Proxies.MaxHops: {MaxHops}; accepted: 1..{HttpLimits.ForwardedHops}");
        }

        if (ProxyProtocol != ProxyProtocolMode.Off && Trusted.Count == 0)
        {
            yield return $"Proxies.ProxyProtocol: {ProxyProtocol} without Proxies.Trusted; accepted: with it, or Off";
        }

        if (ProxyProtocolTimeout < TimeSpan.FromMilliseconds(100) || ProxyProtocolTimeout > TimeSpan.FromSeconds(60))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"Proxies.ProxyProtocolTimeout: {ProxyProtocolTimeout.TotalSeconds} s; accepted: 0.1 s..60 s");
        }
    }
}

/// <summary>Which headers of a trusted proxy are believed.</summary>
public enum ForwardedHeader
{
    /// <summary><c>X-Forwarded-*</c>; <c>Forwarded</c> where there is no <c>X-Forwarded-For</c>.</summary>
    Auto,

    /// <summary><c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c> only.</summary>
    XForwarded,

    /// <summary><c>Forwarded</c> (RFC 7239) only.</summary>
    Forwarded,
}

/// <summary>What is made of the PROXY protocol. It is understood from trusted networks only.</summary>
public enum ProxyProtocolMode
{
    /// <summary>It is not understood.</summary>
    Off,

    /// <summary>A connection from a trusted network may begin with it.</summary>
    Optional,

    /// <summary>Every connection must; others, and those from elsewhere, are closed.</summary>
    Required,
}
