using System.Net;
using System.Net.Sockets;

namespace Quoin.EndToEnd.Processes;

/// <summary>Where things are, and what this machine has.</summary>
internal static class Workplace
{
    /// <summary>Root of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The built command line: the same configuration as these tests, beside them.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../Quoin.Cli", Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), "quoin"));

    public static string Clients { get; } = Path.Combine(Root, "tests/Quoin.EndToEnd/clients");

    /// <summary>Why the npm clients cannot run here; null when they can.</summary>
    public static string? ClientsMissing { get; } =
        Environment.GetEnvironmentVariable("QUOIN_TEST_WITHOUT_CLIENTS") is { Length: > 0 } reason ? reason
        : Find("node") is null ? "node not found"
        : !Directory.Exists(Path.Combine(Clients, "node_modules/openai")) ? "npm packages not installed; run ./test"
        : null;

    /// <summary>A program on the PATH, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>A port that was free a moment ago, for programs that cannot take one themselves.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Quoin.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
