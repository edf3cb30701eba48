using System.Net;

namespace Quoin.Http.Proxies;

/// <summary>The networks whose word is believed.</summary>
internal sealed class TrustedNetworks
{
    private readonly IPNetwork[] _networks;

    /// <param name="networks">Each a network or an address: <see cref="IsNetwork"/>.</param>
    public TrustedNetworks(IReadOnlyList<string> networks) =>
        _networks = [.. networks.Select(network => Parse(network)!.Value)];

    public bool IsEmpty => _networks.Length == 0;

    public static bool IsNetwork(string text) => Parse(text) is not null;

    public bool Contains(IPAddress address)
    {
        var plain = Plain(address);
        foreach (var network in _networks)
        {
            if (network.Contains(plain))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An IPv4 client of a socket for both families has an IPv6 address.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPNetwork? Parse(string text)
    {
        if (text.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash)
        {
            // 10.0.0.1/8 may mean the address or the network: it is not guessed which.
            return IPNetwork.TryParse(text, out var network) && IPAddress.TryParse(text[..slash], out var first)
                && first.Equals(network.BaseAddress) ? network : null;
        }

        return IPAddress.TryParse(text, out var address) && text.AsSpan().ContainsAny('.', ':')
            ? new IPNetwork(Plain(address), Plain(address).GetAddressBytes().Length * 8)
            : null;
    }
}
