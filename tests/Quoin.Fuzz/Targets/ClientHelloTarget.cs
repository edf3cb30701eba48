using Quoin.Quic.Protocol;

namespace Quoin.Fuzz.Targets;

/// <summary>The first message of a TLS client: its length is told alike however it is cut, its name is one.</summary>
internal sealed class ClientHelloTarget() : FuzzTarget("client-hello", InputFormat.Text)
{
    public override IEnumerable<byte[]> Corpus()
    {
        byte[] name = [0, 0, 0, 14, 0, 12, 0, 0, 9, .. "localhost"u8];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, 0, (byte)name.Length, .. name];
        return [[1, 0, 0, (byte)body.Length, .. body]];
    }

    public override void Run(byte[] input)
    {
        var length = ClientHello.LengthOf(input);
        if (length is not > 0)
        {
            return;
        }

        FuzzFailure.Unless(length <= input.Length, "it is longer than what there is");
        var hello = input.AsSpan(0, length.Value);
        FuzzFailure.Unless(ClientHello.LengthOf(hello) == length, "cut at its end it has another length");
        FuzzFailure.Unless(ClientHello.LengthOf(hello[..^1]) is null, "it is whole before its end");
        _ = ClientHello.HasTransportParameters(hello);
        var name = ClientHello.ServerNameOf(hello);
        FuzzFailure.Unless(name.Length <= 255 && name.All(c => c is > ' ' and <= '~'), "the name is none");
    }
}
