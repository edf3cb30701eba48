namespace Quoin.Quic.Streams;

/// <summary>What the application wants of the loop; several are told at once.</summary>
[Flags]
internal enum StreamSignals
{
    None = 0,
    Send = 1,
    Credit = 2,
    AbortRead = 4,
    AbortWrite = 8,
    Dispose = 16,
}
