using System.Net;
using System.Text;
using Quoin.Http.Proxies;

namespace Quoin.Fuzz.Targets;

/// <summary>The headers of proxies: whatever stands left of a good hop does not change it.</summary>
internal sealed class ForwardedTarget() : FuzzTarget("forwarded", InputFormat.Text)
{
    private static readonly TrustedNetworks Trusted = new(["10.0.0.0/8"]);
    private static readonly IPAddress Peer = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress Client = IPAddress.Parse("203.0.113.7");

    public override IEnumerable<byte[]> Corpus() =>
        new[]
        {
            "for=203.0.113.7;proto=https;host=shop.example", "For=\"[2001:db8::1]:47\" ; Proto=\"https\", for=_x",
            "1.1.1.1, 203.0.113.7:80", "for=1.1.1.1;secret=\"a,b\\\"\"",
        }.Select(Encoding.UTF8.GetBytes);

    public override void Run(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        List<ForwardedHop> hops = [];
        ForwardedText.Read(text, text, text, hops);
        Check(hops);
        hops.Clear();
        ForwardedText.Read(text + ",203.0.113.7", "", "", hops);
        FuzzFailure.Unless(
            Client.Equals(ForwardedFor.Resolve(Peer, hops, Trusted, 8).For), "the proxy's own hop was not believed");
        hops.Clear();
        ForwardedText.Read(text, hops);
        Check(hops);
    }

    private static void Check(List<ForwardedHop> hops)
    {
        FuzzFailure.Unless(hops.Count <= 32, "more hops than there may be");
        foreach (var hop in hops)
        {
            FuzzFailure.Unless(hop.Scheme is null or "http" or "https", "a scheme is none");
            FuzzFailure.Unless(
                hop.Host is null || !hop.Host.Any(character => character is <= ' ' or '/' or '?' or '#' or '@' or '\\'),
                "a host is more than a host");
        }
    }
}
