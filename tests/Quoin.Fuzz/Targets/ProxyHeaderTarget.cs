using System.Text;
using Quoin.Http.Proxies;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// The PROXY protocol's header: what is whole stays the same with whatever comes after it, and no part of it is taken
/// for whole or for something else.
/// </summary>
internal sealed class ProxyHeaderTarget() : FuzzTarget("proxy-header", InputFormat.Text)
{
    public override IEnumerable<byte[]> Corpus()
    {
        yield return Encoding.ASCII.GetBytes("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n");
        yield return Encoding.ASCII.GetBytes("PROXY TCP6 2001:db8::1 ::1 56324 443\r\n");
        yield return Encoding.ASCII.GetBytes("PROXY UNKNOWN\r\n");
        foreach (var rest in (string[])
        [
            "2111000CC0000201C0000202DC0401BB", "2111000FC0000201C0000202DC0401BB040000", "20000000",
            "2121002420010DB800000000000000000000000100000000000000000000000000000001000101BB",
            "21110013C0000201C0000202DC0401BB03000400000000",
        ])
        {
            yield return Convert.FromHexString("0D0A0D0A000D0A515549540A" + rest);
        }
    }

    public override void Run(byte[] input)
    {
        var kind = ProxyHeader.Read(input, out var header);
        for (var length = 0; length < input.Length; length++)
        {
            var part = ProxyHeader.Read(input.AsSpan(0, length), out var begun);
            FuzzFailure.Unless(
                part == kind || part == ProxyHeaderKind.Incomplete, $"{length} bytes are {part}, all are {kind}");
            FuzzFailure.Unless(
                part != ProxyHeaderKind.Header || (begun == header && begun.Length <= length),
                $"{length} bytes are another header");
        }

        FuzzFailure.Unless(
            kind != ProxyHeaderKind.Header || (header.Length <= input.Length && header.Length >= 15),
            "a header is longer than what was read");
    }
}
