namespace Quoin.Server.Gateway.Sim;

/// <summary>A request as the simulated provider sees it, whether it came by a socket or by a handler.</summary>
/// <param name="Path">Escaped path, without the query.</param>
/// <param name="Query">With its question mark, or empty.</param>
/// <param name="Header">The first value of a header, or null.</param>
/// <param name="Body">Must stay unchanged until the reply has been played.</param>
internal sealed record SimRequest(
    string Method, string Path, string Query, Func<string, string?> Header, ReadOnlyMemory<byte> Body);
