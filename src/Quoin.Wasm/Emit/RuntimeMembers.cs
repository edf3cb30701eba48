using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>What compiled code touches of the runtime, found once.</summary>
internal static class RuntimeMembers
{
    private const BindingFlags Any =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    public static readonly FieldInfo ContextStore = Field(typeof(FunctionContext), nameof(FunctionContext.Store));
    public static readonly FieldInfo StoreFuel = Field(typeof(Store), nameof(Store.Fuel));
    public static readonly FieldInfo StoreFuelFloor = Field(typeof(Store), nameof(Store.FuelFloor));
    public static readonly FieldInfo StoreStackLimit = Field(typeof(Store), nameof(Store.StackLimit));
    public static readonly FieldInfo StoreZero = Field(typeof(Store), nameof(Store.Zero));
    public static readonly FieldInfo StoreReturns = Field(typeof(Store), nameof(Store.Returns));
    public static readonly FieldInfo InstanceMemory = Field(typeof(InstanceState), nameof(InstanceState.Memory));
    public static readonly FieldInfo InstanceCells = Field(typeof(InstanceState), nameof(InstanceState.Cells));
    public static readonly FieldInfo InstanceConstants =
        Field(typeof(InstanceState), nameof(InstanceState.Constants));

    public static readonly FieldInfo InstanceReferences =
        Field(typeof(InstanceState), nameof(InstanceState.References));

    public static readonly FieldInfo InstanceTables = Field(typeof(InstanceState), nameof(InstanceState.Tables));
    public static readonly FieldInfo InstanceImportedFunctions =
        Field(typeof(InstanceState), nameof(InstanceState.ImportedFunctions));

    public static readonly FieldInfo InstanceImportedVariables =
        Field(typeof(InstanceState), nameof(InstanceState.ImportedVariables));

    public static readonly FieldInfo MemoryBase = Field(typeof(Memory), nameof(Memory.Base));
    public static readonly FieldInfo MemoryLength = Field(typeof(Memory), nameof(Memory.Length));
    public static readonly FieldInfo TableEntries = Field(typeof(Table), nameof(Table.Entries));
    public static readonly FieldInfo EntryCode = Field(typeof(TableEntry), nameof(TableEntry.Code));
    public static readonly FieldInfo EntryContext = Field(typeof(TableEntry), nameof(TableEntry.Context));
    public static readonly FieldInfo EntryTypeId = Field(typeof(TableEntry), nameof(TableEntry.TypeId));
    public static readonly FieldInfo FunctionCode = Field(typeof(Function), nameof(Function.Code));
    public static readonly FieldInfo FunctionContextField = Field(typeof(Function), nameof(Function.Context));

    public static readonly MethodInfo MakeTrap =
        Method(typeof(TrapSites), nameof(TrapSites.Make), [typeof(long), typeof(InstanceState), typeof(int)]);

    public static readonly MethodInfo FunctionAt = Method(typeof(InstanceState), nameof(InstanceState.FunctionAt));
    public static readonly MethodInfo GlobalAddress = Method(typeof(Global), nameof(Global.Address));
    public static readonly MethodInfo GlobalReferenceAddress =
        Method(typeof(Global), nameof(Global.ReferenceAddress));

    public static readonly MethodInfo HostBegin = Method(typeof(HostBinding), nameof(HostBinding.Begin));
    public static readonly MethodInfo HostRun =
        Method(typeof(HostBinding), nameof(HostBinding.Run), [typeof(HostBinding), typeof(Value).MakeByRefType()]);

    public static readonly MethodInfo HostEnd = Method(typeof(HostBinding), nameof(HostBinding.End));

    private static readonly MethodInfo ArrayData = typeof(MemoryMarshal).GetMethods()
        .Single(method => method is { Name: nameof(MemoryMarshal.GetArrayDataReference), IsGenericMethod: true });

    /// <summary>Where the first cell is; the index is known to be in range, so it is not checked.</summary>
    public static readonly MethodInfo CellData = ArrayData.MakeGenericMethod(typeof(Vector128<byte>));

    /// <summary>Where the first table is, likewise.</summary>
    public static readonly MethodInfo TableData = ArrayData.MakeGenericMethod(typeof(Table));

    public static readonly int ValueBytes = Unsafe.SizeOf<Value>();

    public static MethodInfo Method(Type type, string name, Type[]? parameters = null) =>
        (parameters is null ? type.GetMethod(name, Any) : type.GetMethod(name, Any, parameters))
        ?? throw new MissingMethodException(type.Name, name);

    /// <summary>How a value is taken out of a slot.</summary>
    public static MethodInfo ReadValue(ValueKind kind) => typeof(Value).GetProperty(kind switch
    {
        ValueKind.FuncRef or ValueKind.ExternRef => nameof(Value.Reference),
        _ => kind.ToString(),
    })!.GetMethod!;

    /// <summary>What functions give whose first result is of this kind.</summary>
    public static Type OutcomeOf(ValueKind kind) => typeof(Outcome<>).MakeGenericType(TypeOf(kind));

    public static FieldInfo OutcomeValue(ValueKind kind) => Field(OutcomeOf(kind), nameof(Outcome<>.Value));

    public static FieldInfo OutcomeFuel(ValueKind kind) => Field(OutcomeOf(kind), nameof(Outcome<>.Fuel));

    /// <summary>How a value is made that goes into a slot.</summary>
    public static MethodInfo MakeValue(ValueKind kind) => kind switch
    {
        ValueKind.FuncRef => Method(typeof(Value), nameof(Value.Of), [typeof(Function)]),
        ValueKind.ExternRef => Method(typeof(Value), nameof(Value.OfExternal)),
        _ => Method(typeof(Value), nameof(Value.Of), [TypeOf(kind)]),
    };

    /// <summary>What a value of the kind is in compiled code. All references are objects there.</summary>
    public static Type TypeOf(ValueKind kind) => kind switch
    {
        ValueKind.I32 => typeof(int),
        ValueKind.I64 => typeof(long),
        ValueKind.F32 => typeof(float),
        ValueKind.F64 => typeof(double),
        ValueKind.V128 => typeof(Vector128<byte>),
        _ => typeof(object),
    };

    private static FieldInfo Field(Type type, string name) =>
        type.GetField(name, Any) ?? throw new MissingFieldException(type.Name, name);
}
