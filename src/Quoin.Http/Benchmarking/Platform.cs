using System.Net.Quic;

namespace Quoin.Http.Benchmarking;

/// <summary>What the machine lends.</summary>
internal static class Platform
{
    public static bool HasQuic =>
        (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsWindows())
        && QuicConnection.IsSupported;
}
