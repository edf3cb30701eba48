namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary>Where open breakers are told of: Redis, or the supervisor of the processes of one server.</summary>
internal interface IBreakerStore
{
    /// <summary>How often it is asked: who has not opened a breaker goes on calling for so long.</summary>
    TimeSpan Period { get; }

    /// <summary>How long each is open yet; null for one that is not. Null: the store is away.</summary>
    ValueTask<TimeSpan?[]?> ReadAsync(IReadOnlyList<string> names, CancellationToken cancellationToken);

    ValueTask OpenAsync(string name, TimeSpan left, CancellationToken cancellationToken);

    ValueTask CloseAsync(string name, CancellationToken cancellationToken);
}
