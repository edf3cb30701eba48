using System.Collections.Immutable;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>
/// A validated and compiled module: immutable, shared by all its instances on any threads. It is collected, with its
/// code, when neither it nor an instance is referred to.
/// </summary>
public sealed class Module
{
    internal Module(ModuleCode code, string digest, TimeSpan compileTime)
    {
        Code = code;
        Digest = digest;
        CompileTime = compileTime;
        var syntax = code.Syntax;
        Imports = [.. syntax.Imports.Select(import => new ImportDescription(
            import.Module, import.Name, import.Kind, import.Type ?? syntax.Types[import.TypeIndex]))];
        Exports = [.. syntax.Exports.Select(export => new ExportDescription(
            export.Name, export.Kind, TypeOf(syntax, export.Kind, (int)export.Index)))];
        Image = MemoryImage.TryCreate(syntax);
    }

    /// <summary>What it needs, in its order.</summary>
    public ImmutableArray<ImportDescription> Imports { get; }

    /// <summary>What it gives, in its order.</summary>
    public ImmutableArray<ExportDescription> Exports { get; }

    /// <summary>SHA-256 of its bytes, in lower-case hexadecimal digits.</summary>
    public string Digest { get; }

    /// <summary>How long it took to compile.</summary>
    public TimeSpan CompileTime { get; }

    /// <summary>How many functions it defines.</summary>
    public int FunctionCount => Code.Syntax.Bodies.Length;

    /// <summary>
    /// Functions that are too large for the runtime's compiler to optimise, by name. They run two to five times slower
    /// than they could; smaller functions do not.
    /// </summary>
    public ImmutableArray<string> UnoptimizedFunctions => [.. Code.Unoptimized.Select(Code.NameOf)];

    /// <summary>The bytes of its functions' code, as they were given.</summary>
    public int CodeBytes => Code.Syntax.Bodies.Sum(body => body.End - body.Offset);

    internal ModuleCode Code { get; }

    internal MemoryImage? Image { get; }

    private static object TypeOf(ModuleSyntax syntax, ExternalKind kind, int index) => kind switch
    {
        ExternalKind.Function => syntax.TypeOf(index),
        ExternalKind.Table => syntax.Tables[index],
        ExternalKind.Memory => syntax.Memories[index],
        _ => syntax.Globals[index],
    };
}
