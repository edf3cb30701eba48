using System.Text.Json;
using Quoin.Cli;
using Quoin.Fuzz.Wasm;
using Quoin.Tests.Configuration;

namespace Quoin.Tests.Cli;

public sealed class WasmVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private async Task<(int Code, string Output, string Error)> Run(ModuleWriter module, params string[] words)
    {
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "m.wasm"), module.Build());
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await QuoinCommandLine.RunAsync(["wasm", .. words], new CommandContext
        {
            Output = output,
            Error = error,
            Environment = _ => null,
            WorkingFolder = _folder.Path,
        });
        return (code, output.ToString(), error.ToString());
    }

    private static ModuleWriter Sample() => new ModuleWriter().ImportFunction("agent", "log", "ii:").Memory(1, 4)
        .Function("add", "il:l", "local.get 0; i64.extend_i32_s; local.get 1; i64.add");

    [Fact]
    public async Task A_valid_module_is_said_to_be_valid() =>
        Assert.Equal((0, "m.wasm: valid\n", ""), await Run(Sample(), "validate", "m.wasm"));

    [Fact]
    public async Task What_is_wrong_with_a_module_is_said_with_its_place()
    {
        var (code, output, error) = await Run(new ModuleWriter().Function("f", ":i", ""), "validate", "m.wasm");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("m.wasm: type mismatch", error, StringComparison.Ordinal);
        Assert.Contains("(Invalid)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspecting_shows_imports_and_exports()
    {
        var (code, output, _) = await Run(Sample(), "inspect", "m.wasm");
        Assert.Equal(0, code);
        Assert.Contains("import     agent.log: function (i32, i32) -> ()\n", output, StringComparison.Ordinal);
        Assert.Contains("export     memory: memory of 1 to 4 pages\n", output, StringComparison.Ordinal);
        Assert.Contains("export     add: function (i32, i64) -> (i64)\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("too large", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspecting_names_functions_that_are_not_optimised()
    {
        var body = string.Concat(Enumerable.Repeat("local.get 0; i32.load; drop; local.get 0; if; end;", 1_500));
        var module = new ModuleWriter().Memory(1).Function("interpreter", "i:", body);
        var (_, output, _) = await Run(module, "inspect", "--json", "m.wasm");
        using var json = JsonDocument.Parse(output);
        Assert.Equal("interpreter", json.RootElement.GetProperty("not_optimised")[0].GetString());
    }

    [Fact]
    public async Task A_function_is_called_with_its_arguments()
    {
        var module = new ModuleWriter().Function("add", "id:d", "local.get 0; f64.convert_i32_s; local.get 1; f64.add");
        Assert.Equal((0, "f64:3.5\n", ""), await Run(module, "run", "m.wasm", "--invoke", "add", "2", "1.5"));
        var (code, _, error) = await Run(module, "run", "m.wasm", "--invoke", "add", "2");
        Assert.Equal((2, "quoin: add takes (i32, f64) -> (f64)\n"), (code, error));
    }

    [Fact]
    public async Task Fuel_and_memory_are_what_the_flags_say()
    {
        var loop = new ModuleWriter().Function("f", ":", "loop; br 0; end");
        var (code, _, error) = await Run(loop, "run", "m.wasm", "--invoke", "f", "--fuel", "1000");
        Assert.Equal(1, code);
        Assert.Contains("out of fuel in f", error, StringComparison.Ordinal);
        var grow = new ModuleWriter().Memory(1).Function("f", "i:i", "local.get 0; memory.grow");
        Assert.Equal((0, "i32:1\n", ""), await Run(grow, "run", "m.wasm", "--invoke", "f", "--memory", "1MB", "15"));
        Assert.Equal((0, "i32:-1\n", ""), await Run(grow, "run", "m.wasm", "--invoke", "f", "--memory", "1MB", "16"));
    }

    [Fact]
    public async Task A_module_that_needs_imports_is_not_run()
    {
        var (code, _, error) = await Run(Sample(), "run", "m.wasm", "--invoke", "add", "1", "2");
        Assert.Equal((2, "quoin: m.wasm: unknown import agent.log\n"), (code, error));
    }
}
