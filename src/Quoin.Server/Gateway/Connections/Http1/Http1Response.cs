namespace Quoin.Server.Gateway.Connections.Http1;

/// <summary>A response on a connection that goes back to its pool, once, when this is disposed of.</summary>
internal sealed class Http1Response(Http1Connection connection, Http1ConnectionPool pool) : UpstreamResponse
{
    private Http1Connection? _connection = connection;

    public override int Status => Connection.Head.Status;

    public override int FieldCount => Connection.Head.FieldCount;

    public override long? ContentLength =>
        Connection.Head.Framing == BodyFraming.Length ? Connection.Head.ContentLength : null;

    private Http1Connection Connection => _connection ?? throw new ObjectDisposedException(nameof(Http1Response));

    public override ReadOnlySpan<byte> FieldName(int index) => Connection.Head.Name(Connection.HeadBytes, index);

    public override ReadOnlySpan<byte> FieldValue(int index) => Connection.Head.Value(Connection.HeadBytes, index);

    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        Connection.ReadAsync(destination, cancellationToken);

    public override void Dispose()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            pool.Return(connection);
        }
    }
}
