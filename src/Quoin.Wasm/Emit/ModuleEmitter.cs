using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Makes a collectible assembly of a validated module: a static method for each function, and for each type of a
/// function the stubs through which the host calls in and is called.
/// </summary>
internal static class ModuleEmitter
{
    private static readonly ConstructorInfo IgnoresAccessChecks =
        typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;

    public static ModuleCode Emit(ModuleSyntax syntax, WasmLimits limits, Action checkTime)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(
            new AssemblyName("wasm"), AssemblyBuilderAccess.RunAndCollect);

        // The code reads internal fields of this library, which the runtime checks.
        assembly.SetCustomAttribute(new CustomAttributeBuilder(
            IgnoresAccessChecks, [typeof(ModuleEmitter).Assembly.GetName().Name!]));
        var type = assembly.DefineDynamicModule("wasm").DefineType(
            "Module", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var types = Array.ConvertAll(syntax.Types, CanonicalType.Of);
        var methods = DefineFunctions(syntax, type);
        var context = new ModuleContext(syntax, limits, types, methods);
        for (var i = 0; i < methods.Length; i++)
        {
            checkTime();
            var plan = new FunctionPlan(context.FactsOf(syntax.ImportedFunctions + i), context.FactsOf);
            var method = plan.NeedsGuard ? StackGuard.Define(context, plan, type, methods[i]) : methods[i];
            var il = method.GetILGenerator(plan.Facts.BodyBytes + 64);
            new FunctionEmitter(context, plan, il).Emit();
            context.NoteSize(plan, il.ILOffset);
        }

        DefineStubs(syntax, type);
        var created = type.CreateType();
        return new ModuleCode(syntax, types, created, Collect(syntax, created, context));
    }

    private static MethodBuilder[] DefineFunctions(ModuleSyntax syntax, TypeBuilder type)
    {
        var methods = new MethodBuilder[syntax.Bodies.Length];
        for (var i = 0; i < methods.Length; i++)
        {
            var signature = syntax.TypeOf(syntax.ImportedFunctions + i);
            methods[i] = type.DefineMethod(
                FormattableString.Invariant($"f{i}"), MethodAttributes.Public | MethodAttributes.Static,
                CallEmitter.ReturnType(signature), CallEmitter.ParameterTypes(signature, typeof(InstanceState)));
            methods[i].InitLocals = false;
        }

        return methods;
    }

    private static void DefineStubs(ModuleSyntax syntax, TypeBuilder type)
    {
        foreach (var index in syntax.Functions.Distinct())
            HostStubs.DefineEntry(type, FormattableString.Invariant($"e{index}"), syntax.Types[index]);
        foreach (var index in syntax.Functions.Take(syntax.ImportedFunctions).Distinct())
            HostStubs.DefineHostCall(type, FormattableString.Invariant($"h{index}"), syntax.Types[index]);
    }

    /// <summary>All at once: asking a type for one method by its name looks through all of them.</summary>
    private static CompiledMethods Collect(ModuleSyntax syntax, Type created, ModuleContext context)
    {
        var functions = new RuntimeMethodHandle[syntax.Bodies.Length];
        var entries = new RuntimeMethodHandle[syntax.Types.Length];
        var hostStubs = new RuntimeMethodHandle[syntax.Types.Length];
        var all = new List<RuntimeMethodHandle>();
        const BindingFlags ours = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var method in created.GetMethods(ours))
        {
            var index = int.Parse(method.Name.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            all.Add(method.MethodHandle);
            if (method.Name[0] == 'b')
                continue;
            var kind = method.Name[0] switch { 'f' => functions, 'e' => entries, _ => hostStubs };
            kind[index] = method.MethodHandle;
        }

        return new CompiledMethods(functions, entries, hostStubs, [.. all], context.Sites, context.Constants,
            context.Unoptimized);
    }
}
