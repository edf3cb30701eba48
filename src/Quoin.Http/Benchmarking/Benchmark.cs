using System.Net.Sockets;
using Quoin.Http.Benchmarking.Exchanges;

namespace Quoin.Http.Benchmarking;

/// <summary>
/// Loads a server and measures how it answers:
/// <code>
/// var report = await Benchmark.Route(new Uri("http://127.0.0.1:8080/hello"), new() { Rate = 1000, Concurrency = 50 });
/// Console.WriteLine(report);
/// </code>
/// </summary>
public static class Benchmark
{
    /// <summary>Sends requests to one URL and reports on their answers.</summary>
    /// <param name="url">http, https, ws or wss.</param>
    /// <param name="options">Null: ten connections for ten seconds, each as fast as it is answered.</param>
    /// <param name="cancellationToken">Ends the run; what was measured until then is reported.</param>
    /// <exception cref="ArgumentException">The options are wrong: all faults are named.</exception>
    /// <exception cref="IOException">The URL's name is unknown.</exception>
    public static async Task<BenchmarkReport> Route(
        Uri url, BenchmarkOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new BenchmarkOptions();
        ArgumentNullException.ThrowIfNull(url);
        if (Faults(url, options) is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        }

        LoadTarget target;
        try
        {
            target = await LoadTarget.ResolveAsync(url, options, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new IOException($"{url.Host}: {e.Message}", e);
        }

        return await new BenchmarkRun(target).RunAsync(cancellationToken);
    }

    /// <summary>All that is wrong with a URL and options.</summary>
    public static IReadOnlyList<BenchmarkFault> Faults(Uri url, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(options);
        var faults = options.Faults();
        string[] accepted = options.WebSocket ? ["http", "https", "ws", "wss"] : ["http", "https"];
        if (!url.IsAbsoluteUri || !accepted.Contains(url.Scheme) || url.Host.Length == 0)
        {
            var schemes = string.Join(", ", accepted);
            return [new BenchmarkFault("Url", url.OriginalString, $"{schemes} and a host"), .. faults];
        }

        return url.UserInfo.Length > 0
            ? [new BenchmarkFault("Url", "credentials", "an Authorization header"), .. faults]
            : faults;
    }
}
