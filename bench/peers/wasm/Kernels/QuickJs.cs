using Quoin.Wasm;

namespace Kernels;

/// <summary>
/// Runs a script in QuickJS, the JavaScript engine written in C and compiled by Emscripten, which gave its imports and
/// exports names of one letter. quickjs/node.mjs does the same in Node.
/// </summary>
internal static class QuickJs
{
    private const uint LeastPages = 256;
    private const uint MostPages = 1024;

    public static void Run(string file, string workload, int runs)
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var module = engine.Compile(File.ReadAllBytes(file));
        var memory = Memory.Create(store, new MemoryType(new SizeRange(LeastPages, MostPages)));
        var instance = Instance.Create(store, module, Imports(module, memory));
        Call(instance, "u");
        var context = Call(instance, "N", Call(instance, "K"), Value.Of(0));
        var source = File.ReadAllBytes(workload);
        var code = Write(instance, memory, source);
        var name = Write(instance, memory, "workload.js"u8);
        var result = 0.0;
        var times = KernelRuns.Times(runs, () =>
        {
            var value = Call(instance, "pa", context, code, Value.Of(source.Length), name, Value.Of(0), Value.Of(0));
            result = Call(instance, "Z", context, value).F64;
            Call(instance, "P", context, value);
        });
        Words.Line($"quickjs {Words.Percentile(times, 50):F3} {result}");
    }

    /// <summary>A clock that stands still, memory that grows, and nothing else that does anything.</summary>
    private static Imports Imports(Module module, Memory memory)
    {
        var imports = new Imports();
        foreach (var import in module.Imports)
        {
            imports.Add(import.Module, import.Name, import.Type switch
            {
                FunctionType type => Import.Of(type, import.Name switch
                {
                    "p" => (_, _, results) => results[0] = Value.Of(1.7e12),
                    "k" => (_, arguments, results) => results[0] = Value.Of(Grow(memory, (uint)arguments[0].I32)),
                    _ => (_, _, _) => { }
                    ,
                }),
                _ => Import.Of(memory),
            });
        }

        return imports;
    }

    private static int Grow(Memory memory, uint bytes)
    {
        var pages = (bytes + Memory.PageBytes - 1) / Memory.PageBytes;
        return pages <= memory.Pages || memory.Grow(pages - memory.Pages) >= 0 ? 1 : 0;
    }

    private static Value Write(Instance instance, Memory memory, ReadOnlySpan<byte> bytes)
    {
        var at = Call(instance, "v", Value.Of(bytes.Length + 1));
        bytes.CopyTo(memory.Span[at.I32..]);
        memory.Span[at.I32 + bytes.Length] = 0;
        return at;
    }

    private static Value Call(Instance instance, string name, params Value[] arguments)
    {
        var results = instance.Function(name)!.Call(arguments);
        return results.Length > 0 ? results[0] : default;
    }
}
