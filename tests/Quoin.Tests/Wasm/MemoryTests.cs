using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

public sealed class MemoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_memory_that_is_used_again_holds_nothing_of_its_last_user(int pages)
    {
        using var engine = new Engine();
        var writer = new ModuleWriter().Memory(1);
        for (var i = 0; i < 3; i++)
        {
            using var store = new Store(engine);
            var instance = Instantiate(store, writer);
            Assert.Equal(1u, instance.Memory()!.Pages);
            Assert.False(instance.Memory()!.Span.ContainsAnyExcept((byte)0));
            Assert.Equal(1, instance.Memory()!.Grow((uint)pages));
            Assert.False(instance.Memory()!.Span.ContainsAnyExcept((byte)0));
            instance.Memory()!.Span.Fill(255);
        }

        Assert.Equal(1, engine.Memories.Count);
    }

    [Fact]
    public void The_pool_keeps_as_many_as_it_may()
    {
        using var engine = new Engine(new EngineOptions { PooledMemories = 2 });
        var stores = Enumerable.Range(0, 4).Select(_ => new Store(engine)).ToList();
        foreach (var store in stores)
            Instantiate(store, new ModuleWriter().Memory(1));
        foreach (var store in stores)
            store.Dispose();
        Assert.Equal(2, engine.Memories.Count);
    }

    [Fact]
    public void Data_is_where_its_segments_say()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var writer = new ModuleWriter().Memory(1)
            .Data("i32.const 3", [1, 2, 3]).Data("i32.const 65535", [9]).Data("i32.const 4", [7]);
        var memory = Instantiate(store, writer).Memory()!;
        Assert.Equal([0, 0, 0, 1, 7, 3, 0], memory.Span[..7].ToArray());
        Assert.Equal(9, memory.Span[65_535]);
    }

    [Fact]
    public void Segments_before_one_that_does_not_fit_stay_in_an_imported_memory()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var memory = Memory.Create(store, new MemoryType(new SizeRange(1, null)));
        var writer = new ModuleWriter().ImportMemory("h", "m", 1)
            .Data("i32.const 0", [5]).Data("i32.const 65535", [6, 7]);
        var imports = new Imports().Add("h", "m", Import.Of(memory));
        Assert.Equal(TrapKind.MemoryOutOfBounds, Assert.Throws<Trap>(() => Instantiate(store, writer, imports)).Kind);
        Assert.Equal((5, 0), (memory.Span[0], memory.Span[65_535]));
    }

    [Fact]
    public void A_slice_is_all_inside_or_not_given()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var memory = Memory.Create(store, new MemoryType(new SizeRange(1, null)));
        Assert.True(memory.TrySlice(65_536, 0, out _));
        Assert.True(memory.TrySlice(0, 65_536, out var all));
        Assert.Equal(65_536, all.Length);
        Assert.False(memory.TrySlice(1, 65_536, out _));
        Assert.False(memory.TrySlice(uint.MaxValue, 2, out _));
        Assert.False(memory.TrySlice(0, uint.MaxValue, out _));
    }
}
