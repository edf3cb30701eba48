namespace System.Runtime.CompilerServices;

/// <summary>The runtime knows this attribute by its name: it lets an assembly read internals of another.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
