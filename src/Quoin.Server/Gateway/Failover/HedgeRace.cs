using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Two attempts at one request at the same time, each with a record of its own. The first to have something for the
/// client claims it, which cancels the other; only then does anything go out.
/// </summary>
internal sealed class HedgeRace : IDisposable
{
    private readonly Exchange _whole;
    private HedgeSide? _winner;

    public HedgeRace(Exchange whole)
    {
        _whole = whole;
        var abandoned = whole.Abandoned;
        var (one, two) = (new HedgeSide(this, abandoned), new HedgeSide(this, abandoned));
        (First, Second) = (new Exchange(whole, one), new Exchange(whole, two));
    }

    public Exchange First { get; }

    public Exchange Second { get; }

    public bool Decided => Volatile.Read(ref _winner) is not null;

    public bool Claim(HedgeSide side)
    {
        var winner = Interlocked.CompareExchange(ref _winner, side, null);
        if (winner is null)
        {
            (side == First.Side ? Second : First).Side!.Lose();
        }

        return winner is null || winner == side;
    }

    /// <summary>The request's record becomes that of the attempt that decided.</summary>
    public (Chosen Chosen, AttemptResult Result, AttemptOutcome Outcome) Settle(
        bool first, (Chosen Chosen, AttemptResult Result, AttemptOutcome Outcome) end)
    {
        var calls = Math.Max(First.Record.Attempts, Second.Record.Attempts);
        _whole.Record.TakeOver((first ? First : Second).Record, calls);
        return end;
    }

    /// <summary>Nothing more may go out.</summary>
    public void End()
    {
        First.Side!.Lose();
        Second.Side!.Lose();
    }

    public void Dispose()
    {
        First.Side!.Dispose();
        Second.Side!.Dispose();
    }
}

/// <summary>One of the two.</summary>
internal sealed class HedgeSide(HedgeRace race, CancellationToken abandoned) : IDisposable
{
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
    private bool _lost;

    public CancellationToken Token => _source.Token;

    public bool Lost => Volatile.Read(ref _lost);

    public void Claim()
    {
        if (!race.Claim(this))
        {
            throw new OperationCanceledException();
        }
    }

    public void Lose()
    {
        Volatile.Write(ref _lost, true);
        _source.Cancel();
    }

    public void Dispose() => _source.Dispose();
}
