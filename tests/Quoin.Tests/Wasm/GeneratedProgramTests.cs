using Quoin.Fuzz.Targets;

namespace Quoin.Tests.Wasm;

/// <summary>Generated programs do the same here and in Node; the fuzz target of the name runs more of them.</summary>
public sealed class GeneratedProgramTests
{
    [Fact]
    public void Generated_programs_do_the_same_here_and_in_Node()
    {
        Assert.SkipUnless(WasmProgramTarget.Compares, "node not found");
        var target = new WasmProgramTarget();
        foreach (var choices in target.Corpus())
            target.Run(choices);
    }
}
