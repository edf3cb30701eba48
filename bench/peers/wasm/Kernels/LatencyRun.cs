using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Quoin.Wasm;

namespace Kernels;

/// <summary>
/// What a web server's clients feel of hostile programs in its process: an endpoint is asked at a fixed rate while
/// programs that never end are called again and again, each call with little fuel and a deadline. Where they run is the
/// host's choice: on the pool that also serves requests, on threads of their own, or there but only so many at once.
/// </summary>
internal static class LatencyRun
{
    private static readonly CallBudget Budget =
        new() { Fuel = 1_000_000_000, Deadline = TimeSpan.FromMilliseconds(100), HostCalls = long.MaxValue };

    private enum Place
    {
        Threads,
        Pool,
        OneAtATime,
    }

    public static async Task RunAsync(string file, TimeSpan duration)
    {
        await using var server = await StartAsync();
        var address = server.Urls.Single();
        Words.Line($"{"hostile programs",-34} {"p50 ms",8} {"p99 ms",8} {"max ms",8}");
        await MeasureAsync("none", address, duration, Place.Threads, 0, _ => { });
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 0 });
        var module = engine.Compile(await File.ReadAllBytesAsync(file));
        foreach (var name in new[] { "spin", "fill", "storm" })
        {
            foreach (var count in new[] { 1, 4 })
                await MeasureAsync(name, address, duration, Place.Threads, count, _ => Call(engine, module, name));
        }

        var bomb = Bomb();
        foreach (var count in new[] { 1, 4 })
            await MeasureAsync("compile", address, duration, Place.Threads, count, stop => Compile(engine, bomb, stop));
        await MeasureAsync("spin", address, duration, Place.Pool, 4, _ => Call(engine, module, "spin"));
        await MeasureAsync("spin", address, duration, Place.OneAtATime, 4, _ => Call(engine, module, "spin"));
    }

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.MapGet("/", () => "here");
        await server.StartAsync();
        return server;
    }

    private static async Task MeasureAsync(
        string what, string address, TimeSpan duration, Place place, int count, Action<CancellationToken> program)
    {
        using var stop = new CancellationTokenSource();
        using var turns = new SemaphoreSlim(place == Place.OneAtATime ? 1 : Math.Max(1, count));
        var running = Enumerable.Range(0, count).Select(_ => Start(place, turns, program, stop.Token)).ToArray();
        var found = await AskAsync(address, duration);
        await stop.CancelAsync();
        await Task.WhenAll(running);
        var numbers = found.Split(' ');
        var name = count == 0 ? what : $"{what} x {count}, {place}";
        Words.Line($"{name,-34} {numbers[0],8} {numbers[1],8} {numbers[2],8}");
    }

    private static Task Start(
        Place place, SemaphoreSlim turns, Action<CancellationToken> program, CancellationToken stop)
    {
        var kind = place == Place.Pool ? TaskCreationOptions.None : TaskCreationOptions.LongRunning;
        return Task.Factory.StartNew(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    turns.Wait(CancellationToken.None);
                    program(stop);
                    turns.Release();
                }
            },
            CancellationToken.None, kind, TaskScheduler.Default);
    }

    private static void Call(Engine engine, Module module, string name)
    {
        using var store = new Store(engine);
        var imports = new Imports().Add("h", "nothing", new FunctionType([], []), (_, _, _) => { });
        try
        {
            Instance.Create(store, module, imports).Function(name)!.Call([Value.Of(1)], Budget);
        }
        catch (Trap)
        {
            // As meant: it never ends.
        }
    }

    private static void Compile(Engine engine, byte[] bomb, CancellationToken stop)
    {
        try
        {
            engine.Compile(bomb, stop);
        }
        catch (OperationCanceledException)
        {
            // The measurement has ended.
        }
    }

    /// <summary>Functions as large as are taken, of instructions that are slow to compile.</summary>
    private static byte[] Bomb()
    {
        const int count = 20;
        byte[] piece = [0x20, 0, 0x28, 2, 0, 0x41, 1, 0x6A, 0x21, 0];
        var body = new List<byte> { 0 };
        while (body.Count < 120_000)
            body.AddRange(piece);
        body.Add(0x0B);
        var code = new List<byte> { count };
        for (var i = 0; i < count; i++)
        {
            Length(code, body.Count);
            code.AddRange(body);
        }

        var module = new List<byte>([0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7F, 0, 3, count + 1, count]);
        module.AddRange(new byte[count]);
        module.AddRange([5, 3, 1, 0, 1, 10]);
        Length(module, code.Count);
        return [.. module, .. code];
    }

    private static void Length(List<byte> bytes, int length)
    {
        for (; length >= 0x80; length >>= 7)
            bytes.Add((byte)(length | 0x80));
        bytes.Add((byte)length);
    }

    private static async Task<string> AskAsync(string address, TimeSpan duration)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var word in (string[])[typeof(LatencyRun).Assembly.Location, "client", address,
            $"{(int)duration.TotalSeconds}"])
            start.ArgumentList.Add(word);
        using var client = Process.Start(start)!;
        var found = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        return found.Trim();
    }
}
