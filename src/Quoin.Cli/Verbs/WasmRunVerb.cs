using System.CommandLine;
using System.Globalization;
using Quoin.Server.Configuration.Binding;
using Quoin.Wasm;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin wasm run FILE --invoke NAME ARGS</c>: calls a function of a module that imports nothing.</summary>
internal static class WasmRunVerb
{
    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The module" };
        var arguments = new Argument<string[]>("ARGS")
        {
            Description = "The function's arguments: numbers",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var invoke = new Option<string>("--invoke")
        {
            Description = "The exported function to call",
            HelpName = "NAME",
            Required = true,
        };
        var fuel = new Option<long>("--fuel")
        {
            Description = "Units of work it may use, about one for an instruction",
            HelpName = "N",
            DefaultValueFactory = _ => CallBudget.Default.Fuel,
        };
        var memory = new Option<string>("--memory")
        {
            Description = "Memory it may grow to, such as 64MB",
            HelpName = "SIZE",
            DefaultValueFactory = _ => "64MB",
        };
        var timeout = new Option<string>("--timeout")
        {
            Description = "Time it may take, such as 10s",
            HelpName = "TIME",
            DefaultValueFactory = _ => "10s",
        };
        var json = JsonOption.Create();
        var command = new Command(
            "run",
            """
            Call a function of a module that imports nothing, and print what it gives.

            Example: quoin wasm run --invoke fib fib.wasm 30
            """)
        {
            file, arguments, invoke, fuel, memory, timeout, json,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Run(
            new Request(
                parsed.GetRequiredValue(file), parsed.GetRequiredValue(invoke), parsed.GetValue(arguments) ?? [],
                parsed.GetValue(fuel), parsed.GetValue(memory)!, parsed.GetValue(timeout)!, parsed.GetValue(json)),
            context, cancellationToken)));
        return command;
    }

    private sealed record Request(
        string File, string Name, string[] Arguments, long Fuel, string Memory, string Timeout, bool Json);

    private static int Run(Request request, CommandContext context, CancellationToken cancellationToken)
    {
        if (!Durations.TryParse(request.Timeout, out var timeout) || timeout <= TimeSpan.Zero)
            return Refuse(context, $"--timeout: \"{request.Timeout}\"; accepted: a time such as 10s");
        if (!Sizes.TryParse(request.Memory, out var memory) || memory > 4L << 30)
            return Refuse(context, $"--memory: \"{request.Memory}\"; accepted: a size such as 64MB, at most 4GB");
        if (request.Fuel < 0)
            return Refuse(context, $"--fuel: {request.Fuel}; accepted: 0 or more");
        if (WasmVerb.Read(request.File, context) is not { } bytes)
            return ExitCode.BadInput;
        var limits = new WasmLimits { MemoryPages = (uint)(memory / Memory.PageBytes) };
        using var engine = new Engine(new EngineOptions { Limits = limits });
        using var store = new Store(engine);
        var budget = new CallBudget { Fuel = request.Fuel, Deadline = timeout };
        try
        {
            var module = engine.Compile(bytes, cancellationToken);
            var instance = Instance.Create(store, module, null, budget, cancellationToken);
            if (instance.Function(request.Name) is not { } function)
                return Refuse(context, $"{request.File}: exports no function {request.Name}");
            if (Parse(request.Arguments, function.Type) is not { } arguments)
                return Refuse(context, $"{request.Name} takes {function.Type}");
            Write(context, request, function.Call(arguments, budget, cancellationToken), budget.Fuel - store.FuelLeft);
            return ExitCode.Done;
        }
        catch (ModuleException fault)
        {
            return Refuse(context, WasmVerb.Describe(request.File, fault.Fault));
        }
        catch (LinkException fault)
        {
            return Refuse(context, $"{request.File}: {fault.Message}");
        }
        catch (Trap trap) when (trap.Kind == TrapKind.Cancelled)
        {
            return ExitCode.Interrupted;
        }
        catch (Trap trap)
        {
            context.Error.WriteLine($"quoin: trap: {trap.Message} ({trap.Kind})");
            return ExitCode.Failed;
        }
    }

    private static int Refuse(CommandContext context, string message)
    {
        context.Error.WriteLine("quoin: " + message);
        return ExitCode.BadInput;
    }

    private static void Write(CommandContext context, Request request, Value[] results, long fuel)
    {
        if (!request.Json)
        {
            foreach (var result in results)
                context.Output.WriteLine(result.ToString());
            return;
        }

        JsonOption.Write(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("results");
            foreach (var result in results)
                writer.WriteStringValue(result.ToString());
            writer.WriteEndArray();
            writer.WriteNumber("fuel", fuel);
            writer.WriteEndObject();
        });
    }

    /// <summary>Null: they are not as many, or not of the kinds, that the function takes.</summary>
    private static Value[]? Parse(string[] texts, FunctionType type)
    {
        if (texts.Length != type.Parameters.Length)
            return null;
        var values = new Value[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            if (Parse(texts[i], type.Parameters[i]) is not { } value)
                return null;
            values[i] = value;
        }

        return values;
    }

    private static Value? Parse(string text, ValueKind kind)
    {
        var culture = CultureInfo.InvariantCulture;
        return kind switch
        {
            ValueKind.I32 when int.TryParse(text, culture, out var number) => Value.Of(number),
            ValueKind.I64 when long.TryParse(text, culture, out var number) => Value.Of(number),
            ValueKind.F32 when float.TryParse(text, culture, out var number) => Value.Of(number),
            ValueKind.F64 when double.TryParse(text, culture, out var number) => Value.Of(number),
            _ => null,
        };
    }
}
