using Quoin.Wasm;

namespace Quoin.Tests.Wasm.Specification;

/// <summary>The module <c>spectest</c> that the scripts import.</summary>
internal static class SpecificationHost
{
    public static Imports Create(Store store)
    {
        const string name = "spectest";
        var imports = new Imports()
            .Add(name, "global_i32", Constant(store, Value.Of(666)))
            .Add(name, "global_i64", Constant(store, Value.Of(666L)))
            .Add(name, "global_f32", Constant(store, Value.Of(666.6f)))
            .Add(name, "global_f64", Constant(store, Value.Of(666.6)))
            .Add(name, "table", Import.Of(Table.Create(store, new TableType(ValueKind.FuncRef, new SizeRange(10, 20)))))
            .Add(name, "memory", Import.Of(Memory.Create(store, new MemoryType(new SizeRange(1, 2)))));
        AddPrint(imports, "print");
        AddPrint(imports, "print_i32", ValueKind.I32);
        AddPrint(imports, "print_i64", ValueKind.I64);
        AddPrint(imports, "print_f32", ValueKind.F32);
        AddPrint(imports, "print_f64", ValueKind.F64);
        AddPrint(imports, "print_i32_f32", ValueKind.I32, ValueKind.F32);
        AddPrint(imports, "print_f64_f64", ValueKind.F64, ValueKind.F64);
        return imports;
    }

    private static Import Constant(Store store, Value value) =>
        Import.Of(Global.Create(store, new GlobalType(value.Kind, false), value));

    private static void AddPrint(Imports imports, string name, params ValueKind[] parameters) =>
        imports.Add("spectest", name, new FunctionType(parameters, []), (_, _, _) => { });
}
