using System.Text;

namespace Quoin.Server.Gateway.Connections;

/// <summary>An address of a provider, with the bytes by which a request names it.</summary>
internal sealed class UpstreamTarget(Uri address)
{
    public Uri Address { get; } = address;

    /// <summary>What follows the method: the target, the version, and the Host field (RFC 9112 §3, §3.2).</summary>
    public byte[] RequestLineAndHost { get; } = Encoding.ASCII.GetBytes(
        $" {address.PathAndQuery} HTTP/1.1\r\nHost: {HostOf(address)}\r\n");

    private static string HostOf(Uri address) =>
        address.IsDefaultPort ? Name(address) : $"{Name(address)}:{address.Port}";

    private static string Name(Uri address) =>
        address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
}
