using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Quoin.Tests.Quic.Namespaces;

/// <summary>
/// Two network namespaces joined by a pair of veth interfaces: the kernel's own network stack between client and
/// server, with a wire that can be cut, narrowed and made lossy. A test that wants it runs once more in a process of
/// its own, which is in the near namespace from its start, so nothing of it is seen by other tests; the far one is held
/// by a process that sleeps. Both vanish with their processes.
/// </summary>
internal sealed class TwoNetworks : IDisposable
{
    private const string Mark = "QUOIN_TEST_IN_NAMESPACE";
    private const string Unshare = "/usr/bin/unshare";
    private const string Enter = "/usr/bin/nsenter";
    private const int NetworkNamespace = 0x40000000;

    private readonly Process _far;
    private readonly SafeFileHandle _nearFile = File.OpenHandle("/proc/self/ns/net");
    private readonly SafeFileHandle _farFile;

    private TwoNetworks(Process far) =>
        (_far, _farFile) = (far, File.OpenHandle($"/proc/{far.Id}/ns/net"));

    public static IPAddress Near { get; } = IPAddress.Parse("10.77.0.1");

    public static IPAddress Far { get; } = IPAddress.Parse("10.77.0.2");

    /// <summary>Runs the body between two namespaces, or skips the test by name where that cannot be.</summary>
    public static async Task RunAsync(Func<TwoNetworks, Task> body, [CallerMemberName] string test = "")
    {
        if (Environment.GetEnvironmentVariable(Mark) is not null)
        {
            using var networks = await CreateAsync();
            await body(networks);
            return;
        }

        await SkipAsync();
        var host = Environment.ProcessPath!;
        var assembly = typeof(TwoNetworks).Assembly.Location;
        string[] program = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [host, assembly] : [host];
        var start = StartInfo(Unshare,
            ["-n", .. program, "--filter-method", $"*.{nameof(NamespaceTests)}.{test}", "--no-progress"]);
        start.Environment[Mark] = "1";
        var (code, said) = await RunAsync(start);
        Assert.True(code == 0, said);
    }

    /// <summary>Cuts the wire: on the far side nobody is told, on the near one the routes are gone too.</summary>
    public Task CutAsync(bool atFarEnd) => LinkAsync(atFarEnd, "down");

    public Task JoinAsync(bool atFarEnd) => LinkAsync(atFarEnd, "up");

    /// <summary>The kernel of each end loses this share of what arrives.</summary>
    public async Task LoseAsync(int percent)
    {
        var rules = $"table inet t {{ chain c {{ type filter hook input priority 0; "
            + $"meta l4proto udp numgen random mod 100 < {percent} drop; }}; }}";
        await RequireAsync("nft", rules);
        await RequireAsync(Enter, $"--net=/proc/{_far.Id}/ns/net", "nft", rules);
    }

    /// <summary>What the near end sends goes at this rate, and queues before it for 50 ms at most.</summary>
    public Task NarrowAsync(int megabits) => RequireAsync(
        "tc", "qdisc", "add", "dev", "near", "root", "tbf", "rate", $"{megabits}mbit", "burst", "64kb", "latency",
        "50ms");

    /// <summary>How a program is started in the far namespace: put before its command line.</summary>
    public string[] FarPrefix => [Enter, $"--net=/proc/{_far.Id}/ns/net"];

    /// <summary>Makes something with its sockets in one of the namespaces, where its threads are then too.</summary>
    public T Make<T>(bool far, Func<T> make)
    {
        var result = default(T)!;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                Assert.Equal(0, SetNamespace((far ? _farFile : _nearFile).DangerousGetHandle(), NetworkNamespace));
                result = make();
            }
            catch (Exception e)
            {
                fault = e;
            }
        });
        thread.Start();
        thread.Join();
        return fault is null ? result : throw fault;
    }

    public void Dispose()
    {
        _far.Kill();
        _far.WaitForExit();
        _far.Dispose();
        _nearFile.Dispose();
        _farFile.Dispose();
    }

    private static async Task SkipAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess,
            "network namespaces need root on Linux");
        string[] probe =
        [
            "-n", "sh", "-c",
            "ip link add near type veth peer name far && ip link set near up && tc qdisc add dev near root tbf rate "
            + "1mbit burst 64kb latency 50ms && nft 'table inet t { chain c { numgen random mod 100 < 5 drop; }; }'",
        ];
        Assert.SkipUnless(File.Exists(Unshare) && File.Exists(Enter), "unshare and nsenter (util-linux) are missing");
        var (code, said) = await RunAsync(StartInfo(Unshare, probe));
        Assert.SkipUnless(code == 0, $"network namespaces cannot be had here: {said.Trim()}");
    }

    private static async Task<TwoNetworks> CreateAsync()
    {
        var far = Process.Start(StartInfo(Unshare, ["-n", "sleep", "600"]))!;
        var own = new FileInfo("/proc/self/ns/net").LinkTarget;
        while (new FileInfo($"/proc/{far.Id}/ns/net").LinkTarget == own)
        {
            await Task.Yield();
        }

        var networks = new TwoNetworks(far);
        await RequireAsync("ip", "link", "set", "lo", "up");
        await RequireAsync("ip", "link", "add", "near", "type", "veth", "peer", "name", "far");
        await RequireAsync("ip", "link", "set", "far", "netns", $"{far.Id}");
        await RequireAsync("ip", "address", "add", $"{Near}/24", "dev", "near");
        await RequireAsync([.. networks.FarPrefix, "ip", "address", "add", $"{Far}/24", "dev", "far"]);
        await networks.LinkAsync(far: true, "up");
        await networks.LinkAsync(far: false, "up");
        return networks;
    }

    private static Task RequireAsync(string program, params string[] arguments) =>
        RequireAsync([program, .. arguments]);

    private static async Task RequireAsync(string[] command)
    {
        var (code, said) = await RunAsync(StartInfo(command[0], command[1..]));
        Assert.True(code == 0, $"{string.Join(' ', command)}: {said}");
    }

    private static ProcessStartInfo StartInfo(string program, string[] arguments) => new(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
    };

    private static async Task<(int Code, string Said)> RunAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEndAsync();
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, printed + await said);
    }

    [DllImport("libc", EntryPoint = "setns")]
    private static extern int SetNamespace(nint file, int type);

    private Task LinkAsync(bool far, string state) => RequireAsync(far
        ? [.. FarPrefix, "ip", "link", "set", "far", state]
        : ["ip", "link", "set", "near", state]);
}
