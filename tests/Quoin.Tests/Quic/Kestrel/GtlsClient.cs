using System.Diagnostics;
using System.Net;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>ngtcp2's own client from Debian's ngtcp2-client, a judge that we have not written.</summary>
internal sealed class GtlsClient : IDisposable
{
    private const string Program = "/usr/bin/gtlsclient";

    private GtlsClient(string folder) => Folder = folder;

    /// <summary>Where it puts what it downloads, and what it is told to send.</summary>
    public string Folder { get; }

    public static GtlsClient Find()
    {
        Assert.SkipUnless(File.Exists(Program), "gtlsclient (ngtcp2-client) is not installed");
        return new GtlsClient(Directory.CreateTempSubdirectory("quoin-gtls-").FullName);
    }

    /// <summary>Asks, and tells all it says; it is killed after a minute.</summary>
    public Task<string> RunAsync(int port, string path, params string[] options) =>
        RunFromAsync([], IPAddress.Loopback, port, path, options);

    /// <summary>The same from elsewhere: by a program that starts it there, with its arguments.</summary>
    public async Task<string> RunFromAsync(
        string[] prefix, IPAddress address, int port, string path, params string[] options)
    {
        string[] command = [.. prefix, Program];
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Folder,
        };
        foreach (var argument in (string[])
        [
            .. command[1..], "--exit-on-all-streams-close", .. options, $"{address}", $"{port}",
            $"https://localhost:{port}{path}",
        ])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        await using var kill = limit.Token.Register(() => process.Kill());
        var said = process.StandardError.ReadToEndAsync();
        var printed = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return await said + await printed;
    }

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(Path.Combine(Folder, name), bytes);
        return name;
    }

    public byte[] Read(string name)
    {
        var file = Path.Combine(Folder, name);
        return File.Exists(file) ? File.ReadAllBytes(file) : [];
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
