using System.Text.Json;
using System.Text.RegularExpressions;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Edge;

/// <summary>What programs that others wrote to judge servers say of ours.</summary>
public sealed partial class JudgeTests
{
    private const string Patient = "server: {read_timeout: 2s, write_timeout: 2s, static: {root: files}}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("headers", 25, "-H", "-t", "GET", "-u", "health")]
    [InlineData("bodies", 60, "-B", "-s", "4096", "-t", "POST", "-u", "v1/chat/completions")]
    [InlineData("readers", 60, "-X", "-w", "256", "-y", "512", "-n", "1", "-z", "32", "-u", "static/big.bin")]
    public async Task Slow_clients_are_closed_and_others_are_served_meanwhile(
        string what, int seconds, params string[] options)
    {
        SkipWithout("slowhttptest");
        await using var quoin = await QuoinProcess.StartAsync(Patient, Cancelled, files: folder =>
        {
            Directory.CreateDirectory(Path.Combine(folder, "files"));
            using var big = File.Create(Path.Combine(folder, "files/big.bin"));
            big.SetLength(64 << 20);
            return Task.CompletedTask;
        });
        await using var judge = Run(
            "slowhttptest",
            [
                "-c", "50", "-r", "50", "-i", "1", "-x", "10", "-p", "5", "-l", $"{seconds}", .. options[..^1],
                $"{quoin.Address}{options[^1]}",
            ]);
        var said = Colour().Replace(await judge.ReadToEndAsync(Cancelled), "");
        Assert.True(said.Contains("No open connections left", StringComparison.Ordinal), $"{what}: {said}");
        Assert.DoesNotContain("service available:   NO", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nghttp2_finds_no_fault_in_two_thousand_requests(int workers)
    {
        SkipWithout("h2load", "nghttp");
        await using var quoin = await StartWithTlsAsync(workers);
        await using var load = Run(
            "h2load", ["-n", "2000", "-c", "4", "-m", "100", new Uri(quoin.Address, "/health").AbsoluteUri]);
        var said = await load.ReadToEndAsync(Cancelled);
        Assert.Contains("Application protocol: h2", said, StringComparison.Ordinal);
        Assert.Contains(
            "2000 succeeded, 0 failed, 0 errored, 0 timeout\nstatus codes: 2000 2xx", said, StringComparison.Ordinal);
        await using var one = Run("nghttp", ["-nv", new Uri(quoin.Address, "/health").AbsoluteUri]);
        said = await one.ReadToEndAsync(Cancelled);
        Assert.Contains(":status: 200", said, StringComparison.Ordinal);
        Assert.DoesNotContain("[ERROR]", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Testssl_finds_nothing_high_but_that_nobody_signed_the_certificate()
    {
        SkipWithout("testssl", "openssl");
        using var folder = new ScratchFolder();
        await using var quoin = await StartWithTlsAsync();
        var findings = Path.Combine(folder.Path, "findings.json");
        await using var judge = Run("testssl", [
            "--quiet", "--color", "0", "--fast", "--warnings", "off", "--severity", "HIGH", "-p", "-P", "-S", "-h",
            "-U", "--jsonfile", findings, quoin.Address.AbsoluteUri.TrimEnd('/')]);
        await judge.ReadToEndAsync(Cancelled);
        using var found = JsonDocument.Parse(await File.ReadAllBytesAsync(findings, Cancelled));
        Assert.Equal(
            ["cert_chain_of_trust", "cert_revocation"],
            found.RootElement.EnumerateArray()
                .Where(finding => finding.GetProperty("severity").GetString() is "HIGH" or "CRITICAL")
                .Select(finding => finding.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
    }

    private static Task<QuoinProcess> StartWithTlsAsync(int workers = 1) => QuoinProcess.StartAsync(
        $"""
        server:
          host: 127.0.0.1
          workers: {workers}
          tls: {"{cert_file: certs/cert.pem, key_file: certs/key.pem}"}
        """, Cancelled,
        files: async folder =>
        {
            await using var made = new ChildProcess(Workplace.Program, ["cert", "dev"], folder);
            Assert.Equal(0, await made.WaitForExitAsync(Cancelled));
        });

    private static void SkipWithout(params string[] programs)
    {
        foreach (var program in programs)
        {
            Assert.SkipWhen(Workplace.Find(program) is null, program + " not found");
        }
    }

    private static ChildProcess Run(string program, string[] arguments) => new(program, arguments, Path.GetTempPath());

    [GeneratedRegex("\e\\[[0-9;]*[A-Za-z]", RegexOptions.NonBacktracking)]
    private static partial Regex Colour();
}
