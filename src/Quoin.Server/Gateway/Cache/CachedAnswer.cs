using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// An answer as it was given to a client, in the client's dialect. A stream is kept as server-sent events, whatever
/// framing the client had.
/// </summary>
internal sealed record CachedAnswer
{
    public required string Tenant { get; init; }

    /// <summary>The model's name as the client wrote it.</summary>
    public required string Route { get; init; }

    public required string ContentType { get; init; }

    /// <summary>An event stream; else a whole body.</summary>
    public required bool Streamed { get; init; }

    /// <summary>openai-chat: the stream has the chunk with the usage.</summary>
    public required bool UsageIncluded { get; init; }

    /// <summary>As the provider told it, for forms of the answer that must have it; null: it did not.</summary>
    public Usage? Usage { get; init; }

    /// <summary>Who answered, for the headers of those who get it again.</summary>
    public required string Provider { get; init; }

    public required string Model { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Fresh until then; kept for <c>llm.cache.stale_if_error</c> longer.</summary>
    public required DateTimeOffset Expires { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    public long Weight => Body.Length + CacheLimits.EntryOverheadBytes;
}
