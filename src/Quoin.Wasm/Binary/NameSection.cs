namespace Quoin.Wasm.Binary;

/// <summary>Reads names of functions from the name section. A fault in it is no fault of the module.</summary>
internal static class NameSection
{
    private const byte FunctionNames = 1;

    /// <summary>Longer ones are cut: they are only ever shown.</summary>
    private const int ShownLength = 200;

    public static void Read(ByteReader section, ModuleSyntax module)
    {
        try
        {
            while (section.Remaining > 0)
            {
                var id = section.Byte();
                var length = section.Length();
                var part = new ByteReader(module.Bytes, section.Position, section.Position + length);
                section.Bytes(length);
                if (id == FunctionNames)
                    ReadNames(ref part, module);
            }
        }
        catch (ModuleException)
        {
            // The specification asks that a broken name section be ignored (appendix, 7.4.1).
            module.FunctionNames.Clear();
        }
    }

    private static void ReadNames(ref ByteReader part, ModuleSyntax module)
    {
        var count = part.Count("function names", int.MaxValue);
        for (var i = 0; i < count; i++)
        {
            var index = part.U32();
            var name = part.Name();
            if (index < (uint)module.Functions.Length)
                module.FunctionNames[(int)index] = name.Length > ShownLength ? name[..ShownLength] : name;
        }
    }
}
