using System.Text.Json;
using Quoin.Wasm;

namespace Quoin.Tests.Wasm.Specification;

/// <summary>What became of an assertion.</summary>
internal enum ScriptOutcome
{
    Passed,
    Failed,
    Never,
}

/// <summary>A command of a script, and what became of it.</summary>
internal sealed record ScriptResult(string Kind, int Line, ScriptOutcome Outcome, string Detail);

/// <summary>
/// Runs one script: its modules share a store, and may import each other by the names they registered.
/// </summary>
internal sealed class SpecificationScript : IDisposable
{
    /// <summary>Some scripts call this deep on purpose; a small stack ends them as well as a large one.</summary>
    private static readonly CallBudget Budget = new() { StackBytes = 256 << 10 };

    private static readonly WasmLimits Limits = new()
    {
        MemoryPages = 65_536,
        TableEntries = 10_000_000,
        Instances = 10_000,
        Locals = 50_000,
        ConstantInstructions = 10_000_000,
    };

    /// <summary>Why a script's command is never run.</summary>
    private const string TextFormat = "tests the text format, and this library reads only binaries";

    private readonly Engine _engine = new(new EngineOptions { Limits = Limits, Lazy = true });
    private readonly Store _store;
    private readonly Imports _imports;
    private readonly Dictionary<string, Instance> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _files;
    private Instance? _current;

    public SpecificationScript(Dictionary<string, byte[]> files)
    {
        _files = files;
        _store = new Store(_engine);
        _imports = SpecificationHost.Create(_store);
    }

    public List<ScriptResult> Run()
    {
        using var script = JsonDocument.Parse(_files["t.json"]);
        var results = new List<ScriptResult>();
        foreach (var command in script.RootElement.GetProperty("commands").EnumerateArray())
        {
            var kind = command.GetProperty("type").GetString()!;
            var line = command.GetProperty("line").GetInt32();
            if (command.TryGetProperty("module_type", out var written) && written.GetString() == "text")
            {
                results.Add(new ScriptResult(kind, line, ScriptOutcome.Never, TextFormat));
                continue;
            }

            var detail = Attempt(kind, command);
            results.Add(new ScriptResult(
                kind, line, detail is null ? ScriptOutcome.Passed : ScriptOutcome.Failed, detail ?? ""));
        }

        return results;
    }

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    private string? Attempt(string kind, JsonElement command)
    {
        try
        {
            return Do(kind, command);
        }
        catch (Exception fault)
        {
            return fault.GetType().Name + ": " + fault.Message;
        }
    }

    /// <summary>Null: as it should be.</summary>
    private string? Do(string kind, JsonElement command)
    {
        switch (kind)
        {
            case "module":
                _current = Instantiate(command);
                if (command.TryGetProperty("name", out var name))
                    _named[name.GetString()!] = _current;
                return null;
            case "register":
                _imports.Add(command.GetProperty("as").GetString()!, Named(command, "name"));
                return null;
            case "action":
                Act(command.GetProperty("action"));
                return null;
            case "assert_return":
                return CompareResults(Act(command.GetProperty("action")), command.GetProperty("expected"));
            case "assert_trap" or "assert_exhaustion":
                return ExpectTrap(command);
            case "assert_invalid":
                return ExpectFault(command, ModuleFaultKind.Invalid);
            case "assert_malformed":
                return ExpectFault(command, ModuleFaultKind.Malformed);
            case "assert_unlinkable":
                return Expect<LinkException>(command);
            case "assert_uninstantiable":
                return Expect<Trap>(command);
            default:
                return "unknown command";
        }
    }

    private byte[] ModuleOf(JsonElement command) => _files[command.GetProperty("filename").GetString()!];

    private Instance Instantiate(JsonElement command) =>
        Instance.Create(_store, _engine.Compile(ModuleOf(command)), _imports, Budget);

    private Instance Named(JsonElement element, string property) =>
        element.TryGetProperty(property, out var name) ? _named[name.GetString()!] : _current!;

    private Value[] Act(JsonElement action)
    {
        var instance = Named(action, "module");
        var field = action.GetProperty("field").GetString()!;
        if (action.GetProperty("type").GetString() == "get")
            return [instance.Global(field)!.Value];
        var arguments = action.GetProperty("args").EnumerateArray().Select(ScriptValues.Read).ToArray();
        return instance.Function(field)!.Call(arguments, Budget);
    }

    private static string? CompareResults(Value[] found, JsonElement expected)
    {
        var wanted = expected.EnumerateArray().ToList();
        var same = wanted.Count == found.Length
            && found.Zip(wanted).All(pair => ScriptValues.Matches(pair.First, pair.Second));
        if (same)
            return null;
        return $"{string.Join(", ", found)} for {expected}";
    }

    private string? ExpectTrap(JsonElement command)
    {
        var text = command.GetProperty("text").GetString()!;
        try
        {
            var results = Act(command.GetProperty("action"));
            return $"{string.Join(", ", results)} for the trap {text}";
        }
        catch (Trap trap)
        {
            var found = Trap.Text(trap.Kind);
            return text.StartsWith(found, StringComparison.Ordinal) || found.StartsWith(text, StringComparison.Ordinal)
                ? null
                : $"the trap {found} for {text}";
        }
    }

    private string? ExpectFault(JsonElement command, ModuleFaultKind kind)
    {
        var fault = _engine.Validate(ModuleOf(command));
        var text = command.GetProperty("text").GetString();
        if (fault is null)
            return $"valid for {text}";
        return fault.Kind == kind ? null : $"{fault} for {text}";
    }

    private string? Expect<TException>(JsonElement command)
        where TException : Exception
    {
        try
        {
            Instantiate(command);
            return "an instance for " + command.GetProperty("text").GetString();
        }
        catch (TException)
        {
            return null;
        }
    }
}
