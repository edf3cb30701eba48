using System.Buffers.Binary;
using System.Text;
using Quoin.Quic.Protocol;

namespace Quoin.Tests.Quic.Protocol;

/// <summary>The name in a first message, whole, cut and bent.</summary>
public sealed class ClientHelloTests
{
    [Theory]
    [InlineData("example.com")]
    [InlineData("a")]
    [InlineData("")]
    public void The_server_name_is_found(string name)
    {
        var hello = Build(name);
        Assert.Equal(hello.Length, ClientHello.LengthOf([.. hello, 1, 2, 3]));
        Assert.Equal(name, ClientHello.ServerNameOf(hello));
    }

    [Fact]
    public void A_cut_message_asks_for_more_and_has_no_name()
    {
        var hello = Build("example.com");
        for (var length = 0; length < hello.Length; length++)
        {
            Assert.Null(ClientHello.LengthOf(hello.AsSpan(0, length)));
            Assert.True(ClientHello.ServerNameOf(hello.AsSpan(0, length)) is "" or "example.com");
        }
    }

    [Fact]
    public void Another_message_and_one_that_is_too_long_are_none()
    {
        Assert.Equal(-1, ClientHello.LengthOf([2, 0, 0, 0]));
        Assert.Equal(-1, ClientHello.LengthOf([1, 0xff, 0, 0]));
    }

    [Fact]
    public void A_name_with_bytes_that_are_no_name_is_nobodys()
    {
        var hello = Build("exa\u0001ple");
        Assert.Equal("", ClientHello.ServerNameOf(hello));
    }

    [Fact]
    public void Bent_bytes_never_throw()
    {
        var random = new Random(1);
        var hello = Build("example.com");
        for (var i = 0; i < 20_000; i++)
        {
            var bent = hello.ToArray();
            bent[random.Next(bent.Length)] = (byte)random.Next(256);
            bent[random.Next(bent.Length)] = (byte)random.Next(256);
            Assert.True(ClientHello.ServerNameOf(bent).Length <= 255);
            ClientHello.HasTransportParameters(bent);
        }
    }

    [Fact]
    public void A_client_of_QUIC_is_told_from_others()
    {
        Assert.False(ClientHello.HasTransportParameters(Build("example.com")));
        Assert.True(ClientHello.HasTransportParameters(Build("example.com", [0, 57, 0, 2, 1, 0])));
        Assert.False(ClientHello.HasTransportParameters(Build("example.com", [0, 57, 0, 3, 1, 0])));
    }

    private static byte[] Build(string name, params byte[] more)
    {
        var bytes = Encoding.ASCII.GetBytes(name);
        byte[] extension = name.Length == 0
            ? []
            : [0, 0, .. Word(bytes.Length + 5), .. Word(bytes.Length + 3), 0, .. Word(bytes.Length), .. bytes];
        byte[] extensions = [0, 43, 0, 3, 2, 3, 4, .. extension, .. more];
        byte[] body =
        [
            3, 3, .. new byte[32], 0, .. Word(2), 0x13, 1, 1, 0, .. Word(extensions.Length), .. extensions,
        ];
        return [1, 0, .. Word(body.Length), .. body];
    }

    private static byte[] Word(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }
}
