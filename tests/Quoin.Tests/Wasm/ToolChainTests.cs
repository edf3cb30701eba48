using System.Diagnostics;
using System.Text;
using Quoin.Tests.Repository;
using Quoin.Wasm;

namespace Quoin.Tests.Wasm;

/// <summary>What compilers make runs: each sample is built by its one command, where its compiler is.</summary>
public sealed class ToolChainTests
{
    [Theory]
    [InlineData("wasm-wat", "wat2wasm --version", "hello from WAT\n")]
    [InlineData("wasm-c", "wasm-ld --version", "hello from C\n")]
    [InlineData("wasm-rust", "rustc --print target-libdir --target wasm32-unknown-unknown", "hello from Rust\n")]
    [InlineData("wasm-assemblyscript", "", "hello from AssemblyScript\n")]
    public async Task A_sample_is_built_and_greets(string sample, string tool, string line)
    {
        var folder = Path.Combine(SourceTree.Root, "samples", sample);
        Assert.SkipUnless(await IsThere(folder, tool), $"{sample}: its compiler is not installed");
        var (code, output) = await Run(Path.Combine(folder, "run"), "--build");
        Assert.True(code == 0, output);
        var file = Path.Combine(SourceTree.Root, "artifacts", "samples", sample, "hello.wasm");
        using var engine = new Engine();
        using var store = new Store(engine);
        var instance = Instance.Create(store, engine.Compile(await File.ReadAllBytesAsync(file)));
        var length = instance.Function("hello")!.Call([Value.Of(3)])[0].I32;
        var start = instance.Function("greeting")!.Call([])[0].I32;
        Assert.True(instance.Memory()!.TrySlice((uint)start, (uint)length, out var text));
        Assert.Equal(line + line + line, Encoding.UTF8.GetString(text));
    }

    private static async Task<bool> IsThere(string folder, string tool)
    {
        if (tool.Length == 0)
            return File.Exists(Path.Combine(folder, "node_modules", ".package-lock.json"));
        var words = tool.Split(' ');
        string[] places = words[0] == "rustc" ? ["rustc", "/usr/bin/rustc"] : [words[0]];
        foreach (var place in places)
        {
            var (code, output) = await Run(place, words[1..]);
            if (code == 0 && (words[0] != "rustc" || Directory.Exists(output.Trim())))
                return true;
        }

        return false;
    }

    private static async Task<(int Code, string Output)> Run(string program, params string[] words)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, words)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return (process.ExitCode, output + (process.ExitCode == 0 ? "" : await error));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (127, program + " not found");
        }
    }
}
