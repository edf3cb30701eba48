using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Quoin.Server;

/// <summary>
/// Runs what follows a socket's readiness on the thread that saw it, instead of handing it to the thread pool: a
/// relayed request has four such hand-overs, each a wake-up and a context switch. On two cores it takes the CPU of a
/// request from 31 to 25 µs (wrk, 32 connections, 1 KB prompt). The price: work on such a thread keeps the other
/// connections of that thread waiting, so what is long goes to the pool by <see cref="LeaveSocketThread"/>.
/// </summary>
public static class SocketScheduling
{
    /// <summary>
    /// Bytes from which parsing or translating a body is long: 64 KB of JSON take about 0.1 ms, as long as three whole
    /// requests.
    /// </summary>
    internal const int LongBodyBytes = 64 * 1024;

    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>To be called before the process opens its first socket; a value the operator has set stays.</summary>
    public static void RunInline()
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }
    }

    internal static void Configure(SocketTransportOptions sockets) => sockets.UnsafePreferInlineScheduling = true;

    /// <summary>Await it to go on in the thread pool.</summary>
    internal static ConfiguredTaskAwaitable LeaveSocketThread() =>
        Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
