using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Quoin.Server.Gateway.Outbound;

/// <summary>
/// Which addresses belong to a stranger on the Internet. All others are this machine, its networks, or a cloud's
/// services for it, and are never called because a stranger asks for it. The ranges are those of the IANA registries
/// of special-purpose addresses (RFC 6890).
/// </summary>
internal static class OutboundAddresses
{
    private static readonly (IPNetwork Network, string What)[] Refused =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "this network"),
        (IPNetwork.Parse("10.0.0.0/8"), "private"),
        (IPNetwork.Parse("100.64.0.0/10"), "of a carrier's inner network"),
        (IPNetwork.Parse("127.0.0.0/8"), "loopback"),
        (IPNetwork.Parse("168.63.129.16/32"), "a cloud's service for its machines"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local"),
        (IPNetwork.Parse("172.16.0.0/12"), "private"),
        (IPNetwork.Parse("192.0.0.0/24"), "reserved"),
        (IPNetwork.Parse("192.0.2.0/24"), "reserved"),
        (IPNetwork.Parse("192.88.99.0/24"), "reserved"),
        (IPNetwork.Parse("192.168.0.0/16"), "private"),
        (IPNetwork.Parse("198.18.0.0/15"), "reserved"),
        (IPNetwork.Parse("198.51.100.0/24"), "reserved"),
        (IPNetwork.Parse("203.0.113.0/24"), "reserved"),
        (IPNetwork.Parse("224.0.0.0/4"), "multicast"),
        (IPNetwork.Parse("240.0.0.0/4"), "reserved"),
        (IPNetwork.Parse("100::/64"), "reserved"),
        (IPNetwork.Parse("2001::/23"), "reserved"),
        (IPNetwork.Parse("2001:db8::/32"), "reserved"),
    ];

    /// <summary>Of IPv6 only what is handed out as global unicast.</summary>
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Null: a stranger's. Else what the address is instead.</summary>
    public static string? RefusalOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return RefusalOf(address.MapToIPv4());
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // These lead to the IPv4 address inside of them.
            if (Nat64.Contains(address))
            {
                return RefusalOf(Inner(address, 12));
            }

            if (SixToFour.Contains(address))
            {
                return RefusalOf(Inner(address, 2));
            }

            if (!Global6.Contains(address))
            {
                return IPAddress.IsLoopback(address) ? "loopback"
                    : address.IsIPv6LinkLocal ? "link-local"
                    : address.IsIPv6UniqueLocal ? "private"
                    : address.IsIPv6Multicast ? "multicast"
                    : "reserved";
            }
        }

        foreach (var (network, what) in Refused)
        {
            if (network.Contains(address))
            {
                return what;
            }
        }

        return null;
    }

    private static IPAddress Inner(IPAddress address, int at)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out _);
        Span<byte> inner = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(inner, BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]));
        return new IPAddress(inner);
    }
}
