using Quoin.Http.WebSockets.Handshake;

namespace Quoin.Tests.Http.WebSockets.Handshake;

public sealed class DeflateOfferTests
{
    [Theory]
    [InlineData("", "None")]
    [InlineData("permessage-deflate", "Taken")]
    [InlineData("Permessage-Deflate; client_max_window_bits", "Taken")]
    [InlineData("permessage-deflate;client_max_window_bits=8 ; server_no_context_takeover", "Taken")]
    [InlineData("permessage-deflate; server_max_window_bits=15; client_no_context_takeover", "Taken")]
    [InlineData("permessage-deflate; client_max_window_bits=\"10\"", "Taken")]
    [InlineData("x-other; a=1, permessage-deflate", "Taken")]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", "Taken")]
    [InlineData("permessage-deflate; server_max_window_bits=10", "None")]
    [InlineData("permessage-deflate; server_max_window_bits", "None")]
    [InlineData("permessage-deflate; server_max_window_bits=16", "None")]
    [InlineData("permessage-deflate; client_max_window_bits=7", "None")]
    [InlineData("permessage-deflate; client_max_window_bits=08", "None")]
    [InlineData("permessage-deflate; client_no_context_takeover; client_no_context_takeover", "None")]
    [InlineData("permessage-deflate; client_no_context_takeover=1", "None")]
    [InlineData("permessage-deflate; unknown", "None")]
    [InlineData("permessage-bzip2", "None")]
    [InlineData("permessage-deflate;", "Malformed")]
    [InlineData("permessage-deflate,", "Malformed")]
    [InlineData(", permessage-deflate", "Malformed")]
    [InlineData("permessage-deflate; a=", "Malformed")]
    [InlineData("permessage-deflate; a=\"b", "Malformed")]
    [InlineData("permessage deflate", "Malformed")]
    public void Only_what_can_be_kept_to_is_taken(string header, string expected) =>
        Assert.Equal(expected, DeflateOffer.Choose(header).ToString());
}
