using System.Buffers;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway;

/// <summary>How a client's request in one wire API is put to a provider that speaks another.</summary>
internal interface ITranslation
{
    /// <summary>Writes the provider's request body.</summary>
    void WriteRequest(Exchange exchange, UpstreamTraits upstream, IBufferWriter<byte> output);

    /// <summary>Writes the client's body from the provider's unstreamed answer.</summary>
    ResponseFacts WriteResponse(
        Exchange exchange, AttemptPlan plan, ReadOnlyMemory<byte> body, IBufferWriter<byte> output);
}
