using System.Collections.Concurrent;

namespace Quoin.Server.Gateway.Cache;

/// <summary>How a flight ended that requests waited for.</summary>
internal enum FlightEnd
{
    /// <summary>Nothing is known: the leader's client left, or its own time was over. Another may lead.</summary>
    Left,

    /// <summary>There is an answer for all.</summary>
    Answered,

    /// <summary>The call failed.</summary>
    Failed,

    /// <summary>The answer went to the leader's client, and is too large to be given to others.</summary>
    Unshared,
}

internal readonly record struct FlightResult(
    FlightEnd End, CachedAnswer? Answer = null, GatewayError? Error = null);

/// <summary>
/// One call for many equal requests. The first to join a key leads and makes the call; those who join while it lasts
/// wait for its result. When the leader leaves without one, the next to join leads, so that exactly one of the waiters
/// takes over.
/// </summary>
internal sealed class SingleFlight
{
    private readonly ConcurrentDictionary<CacheKey, Flight> _flights = new();
    private readonly int[] _landings = new int[1024];
    private int _waiting;

    /// <summary>Requests that wait for another's answer.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>
    /// A number that changes when a flight of this key lands (and of some others). Who read it, then found nothing in
    /// the store, and then leads, need look there again only if it changed.
    /// </summary>
    public int LandingsOf(in CacheKey key) => Volatile.Read(ref LandingsAt(key));

    /// <summary>True: the caller leads and must call <see cref="Land"/>. False: the flight is another's.</summary>
    public bool Join(in CacheKey key, out Flight flight)
    {
        if (_flights.TryGetValue(key, out var others))
        {
            flight = others;
            return false;
        }

        var own = new Flight();
        flight = _flights.GetOrAdd(key, own);
        return flight == own;
    }

    /// <summary>Ends a flight, whose answer is in the store by now: whoever joins from now on begins another.</summary>
    public void Land(in CacheKey key, Flight flight, FlightResult result)
    {
        Interlocked.Increment(ref LandingsAt(key));
        _flights.TryRemove(KeyValuePair.Create(key, flight));
        flight.Tell(result);
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
            return await flight.Told.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private ref int LandingsAt(in CacheKey key) => ref _landings[(int)(key.C & 1023)];

    internal sealed class Flight
    {
        private readonly TaskCompletionSource<FlightResult> _told =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<FlightResult> Told => _told.Task;

        /// <summary>Lets those who wait go on. It may be known before the answer is in the store.</summary>
        public void Tell(FlightResult result) => _told.TrySetResult(result);
    }
}
