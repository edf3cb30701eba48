namespace Quoin.Quic.Endpoints;

/// <summary>Something to be done on the thread of a loop.</summary>
internal interface ILoopWork
{
    void Run();
}
