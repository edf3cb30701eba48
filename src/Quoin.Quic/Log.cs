using System.Net;
using Microsoft.Extensions.Logging;

namespace Quoin.Quic;

/// <summary>What this library logs.</summary>
internal static partial class Log
{
    [LoggerMessage(4800, LogLevel.Debug, "The QUIC connection with {Peer} has ended ({End}): {Reason}",
        EventName = nameof(ConnectionEnded))]
    public static partial void ConnectionEnded(ILogger logger, IPEndPoint peer, QuicEnd end, string reason);

    [LoggerMessage(4801, LogLevel.Warning, "There is no certificate for \"{Name}\" over QUIC",
        EventName = nameof(NoCertificate))]
    public static partial void NoCertificate(ILogger logger, string name, Exception exception);

    [LoggerMessage(4802, LogLevel.Error, "A QUIC connection with {Peer} is closed by a fault in it",
        EventName = nameof(Fault))]
    public static partial void Fault(ILogger logger, IPEndPoint peer, Exception exception);

    [LoggerMessage(4803, LogLevel.Critical, "The QUIC loop {Index} of {EndPoint} has died; its connections are gone",
        EventName = nameof(LoopDied))]
    public static partial void LoopDied(ILogger logger, int index, IPEndPoint endPoint, Exception exception);

    [LoggerMessage(4804, LogLevel.Warning,
        "The UDP {Which} buffer of {EndPoint} has {Given} bytes instead of {Wanted}: raise {Setting} with sysctl",
        EventName = nameof(SmallBuffer))]
    public static partial void SmallBuffer(
        ILogger logger, string which, IPEndPoint endPoint, int given, int wanted, string setting);

    [LoggerMessage(4806, LogLevel.Error, "Something that the QUIC loop {Index} was asked to do has failed",
        EventName = nameof(WorkFailed))]
    public static partial void WorkFailed(ILogger logger, int index, Exception exception);

    [LoggerMessage(4805, LogLevel.Error, "A callback at the end of a QUIC connection has failed",
        EventName = nameof(CallbackFailed))]
    public static partial void CallbackFailed(ILogger logger, Exception exception);
}
