namespace Quoin.Quic.Endpoints;

/// <summary>Rare work that is worth an allocation.</summary>
internal sealed class LoopAction(Action action) : ILoopWork
{
    public void Run() => action();
}
