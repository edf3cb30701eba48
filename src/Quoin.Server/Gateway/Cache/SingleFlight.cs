using System.Collections.Concurrent;

namespace Quoin.Server.Gateway.Cache;

/// <summary>How the flight ended that a request waited for.</summary>
/// <param name="Answer">What the leader got; null when it got none that others may have.</param>
/// <param name="Error">The leader's error, null when its client left or its answer is for it alone.</param>
internal readonly record struct FlightResult(CachedAnswer? Answer, GatewayError? Error);

/// <summary>
/// One call for many equal requests. The first to join a key leads and makes the call; those who join while it lasts
/// wait for its result. When the leader leaves without one, the next to join leads, so that exactly one of the waiters
/// takes over.
/// </summary>
internal sealed class SingleFlight
{
    private readonly ConcurrentDictionary<CacheKey, Flight> _flights = new();
    private int _waiting;

    /// <summary>Requests that wait for another's answer.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>True: the caller leads and must call <see cref="Land"/>. False: the flight is another's.</summary>
    public bool Join(in CacheKey key, out Flight flight)
    {
        var own = new Flight();
        flight = _flights.GetOrAdd(key, own);
        return flight == own;
    }

    /// <summary>Ends a flight: whoever joins from now on begins another.</summary>
    public void Land(in CacheKey key, Flight flight, FlightResult result)
    {
        _flights.TryRemove(KeyValuePair.Create(key, flight));
        flight.Land(result);
    }

    /// <summary>Waits for another's flight. Null when too many wait already.</summary>
    public async ValueTask<FlightResult?> WaitAsync(Flight flight, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > CacheLimits.Waiting)
        {
            Interlocked.Decrement(ref _waiting);
            return null;
        }

        try
        {
            return await flight.Landed.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    internal sealed class Flight
    {
        private readonly TaskCompletionSource<FlightResult> _landed =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<FlightResult> Landed => _landed.Task;

        public void Land(FlightResult result) => _landed.TrySetResult(result);
    }
}
