namespace Quoin.Server.Gateway.Sim;

/// <summary>Waits until moments counted from one start, so that the waits of a long stream do not drift.</summary>
internal readonly struct SimClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public Task WaitAsync(TimeSpan due, CancellationToken cancellationToken)
    {
        if (due <= TimeSpan.Zero)
        {
            return Task.CompletedTask;
        }

        var left = due - time.GetElapsedTime(_start);

        // Timers count whole milliseconds: rounded up, so that no token comes before its time.
        return left <= TimeSpan.Zero
            ? Task.CompletedTask
            : Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, cancellationToken);
    }

    public Task WaitForeverAsync(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
}
