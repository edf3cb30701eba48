using System.CommandLine;
using System.Text.Json;
using Quoin.Wasm;

namespace Quoin.Cli.Verbs;

/// <summary><c>quoin wasm inspect|validate FILE</c>; <c>run</c> is <see cref="WasmRunVerb"/>.</summary>
internal static class WasmVerb
{
    public static Command Create(CommandContext context) => new(
        "wasm",
        """
        Look at WebAssembly modules and run them.

        Example: quoin wasm inspect agent.wasm
        """)
    {
        CreateInspect(context),
        CreateValidate(context),
        WasmRunVerb.Create(context),
    };

    /// <summary>Reads a module's file; null: it cannot be read, and that was said.</summary>
    internal static byte[]? Read(string file, CommandContext context)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(context.WorkingFolder, file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            context.Error.WriteLine($"quoin: {file}: {fault.Message}");
            return null;
        }
    }

    private static Command CreateInspect(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The module" };
        var json = JsonOption.Create();
        var command = new Command(
            "inspect",
            """
            Show what a module imports and exports, how large it is, how long it takes to compile, and which of its
            functions are too large to be optimised.

            Example: quoin wasm inspect agent.wasm
            """)
        {
            file, json,
        };
        command.SetAction(parsed => Inspect(parsed.GetRequiredValue(file), parsed.GetValue(json), context));
        return command;
    }

    private static Command CreateValidate(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The module" };
        var json = JsonOption.Create();
        var command = new Command(
            "validate",
            """
            Check that a file is a valid module within the limits that agents have. Nothing of it is run.

            Example: quoin wasm validate agent.wasm
            """)
        {
            file, json,
        };
        command.SetAction(parsed => Validate(parsed.GetRequiredValue(file), parsed.GetValue(json), context));
        return command;
    }

    private static int Validate(string file, bool json, CommandContext context)
    {
        if (Read(file, context) is not { } bytes)
            return ExitCode.BadInput;
        using var engine = new Engine();
        var fault = engine.Validate(bytes);
        if (json)
        {
            JsonOption.Write(context, writer =>
            {
                writer.WriteStartObject();
                writer.WriteBoolean("valid", fault is null);
                if (fault is not null)
                    WriteFault(writer, fault);
                writer.WriteEndObject();
            });
        }
        else if (fault is null)
        {
            context.Output.WriteLine($"{file}: valid");
        }
        else
        {
            context.Error.WriteLine(Describe(file, fault));
        }

        return fault is null ? ExitCode.Done : ExitCode.BadInput;
    }

    internal static string Describe(string file, ModuleFault fault) =>
        FormattableString.Invariant($"{file}: {fault.Message} at offset 0x{fault.Offset:x} ({fault.Kind})");

    private static void WriteFault(Utf8JsonWriter writer, ModuleFault fault)
    {
        writer.WriteString("kind", fault.Kind.ToString());
        writer.WriteString("message", fault.Message);
        writer.WriteNumber("offset", fault.Offset);
    }

    private static int Inspect(string file, bool json, CommandContext context)
    {
        if (Read(file, context) is not { } bytes)
            return ExitCode.BadInput;
        using var engine = new Engine();
        Module module;
        try
        {
            module = engine.Compile(bytes);
        }
        catch (ModuleException fault)
        {
            context.Error.WriteLine(Describe(file, fault.Fault));
            return ExitCode.BadInput;
        }

        if (json)
            JsonOption.Write(context, writer => WriteModule(writer, module, bytes.Length));
        else
            WriteModule(context.Output, module, bytes.Length);
        return ExitCode.Done;
    }

    private static void WriteModule(TextWriter output, Module module, int bytes)
    {
        output.WriteLine(FormattableString.Invariant($"sha256     {module.Digest}"));
        output.WriteLine(FormattableString.Invariant(
            $"size       {bytes} bytes, {module.FunctionCount} functions of {module.CodeBytes} bytes"));
        output.WriteLine(FormattableString.Invariant($"compiled   in {module.CompileTime.TotalMilliseconds:F1} ms"));
        foreach (var import in module.Imports)
            output.WriteLine($"import     {import.Module}.{import.Name}: {Show(import.Kind, import.Type)}");
        foreach (var export in module.Exports)
            output.WriteLine($"export     {export.Name}: {Show(export.Kind, export.Type)}");
        foreach (var name in module.UnoptimizedFunctions)
            output.WriteLine($"too large  {name}: not optimised");
    }

    private static void WriteModule(Utf8JsonWriter writer, Module module, int bytes)
    {
        writer.WriteStartObject();
        writer.WriteString("sha256", module.Digest);
        writer.WriteNumber("bytes", bytes);
        writer.WriteNumber("functions", module.FunctionCount);
        writer.WriteNumber("code_bytes", module.CodeBytes);
        writer.WriteNumber("compile_ms", module.CompileTime.TotalMilliseconds);
        writer.WriteStartArray("imports");
        foreach (var import in module.Imports)
            WriteExternal(writer, import.Module, import.Name, import.Kind, import.Type);
        writer.WriteEndArray();
        writer.WriteStartArray("exports");
        foreach (var export in module.Exports)
            WriteExternal(writer, null, export.Name, export.Kind, export.Type);
        writer.WriteEndArray();
        writer.WriteStartArray("not_optimised");
        foreach (var name in module.UnoptimizedFunctions)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteExternal(
        Utf8JsonWriter writer, string? module, string name, ExternalKind kind, object type)
    {
        writer.WriteStartObject();
        if (module is not null)
            writer.WriteString("module", module);
        writer.WriteString("name", name);
        writer.WriteString("type", Show(kind, type));
        writer.WriteEndObject();
    }

    private static string Show(ExternalKind kind, object type) => type switch
    {
        MemoryType memory => $"memory of {Show(memory.Pages)} pages",
        TableType table => $"table of {Show(table.Size)} {Name(table.Element)}",
        GlobalType global => $"{(global.Mutable ? "variable" : "constant")} {Name(global.Kind)}",
        _ => $"{Name(kind)} {type}",
    };

    private static string Show(SizeRange size) =>
        size.Maximum is { } most ? $"{size.Minimum} to {most}" : $"{size.Minimum} or more";

    private static string Name<T>(T kind)
        where T : struct, Enum => kind.ToString().ToLowerInvariant();
}
