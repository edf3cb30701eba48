using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Command;

/// <summary><c>./quoin</c> as a newcomer starts it.</summary>
public sealed class LauncherTests
{
    private static readonly string Launcher = Path.Combine(Workplace.Root, "quoin");

    [Fact]
    public async Task It_runs_from_any_folder_and_through_a_link()
    {
        using var folder = new ScratchFolder();
        var link = Path.Combine(folder.Path, "q");
        File.CreateSymbolicLink(link, Launcher);
        await using var linked = new ChildProcess(link, ["version"], folder.Path);
        await using var built = new ChildProcess(Workplace.Program, ["version"], folder.Path);
        var expected = await built.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, await linked.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, linked.ExitCode);
    }

    [Fact]
    public async Task Arguments_and_the_exit_code_pass_through_unchanged()
    {
        using var folder = new ScratchFolder();
        var file = folder.Write("two words.yaml", "nothing_known: 1\n");
        await using var check = new ChildProcess(Launcher, ["check", file], folder.Path);
        await check.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, check.ExitCode);
        Assert.Contains("two words.yaml", check.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_started_at_once_both_run()
    {
        await using var one = new ChildProcess(Launcher, ["version"], Workplace.Root);
        await using var two = new ChildProcess(Launcher, ["version"], Workplace.Root);
        Assert.Equal(
            await one.ReadToEndAsync(TestContext.Current.CancellationToken),
            await two.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal((0, 0), (one.ExitCode, two.ExitCode));
    }

    [Fact]
    public async Task The_signal_that_stops_it_reaches_the_server()
    {
        await using var server =
            await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken, program: Launcher);
        Assert.Equal(0, await server.StopAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_a_dotnet_it_says_what_is_missing()
    {
        using var folder = new ScratchFolder();
        var copy = CopyOfTheSources(folder);
        await using var quoin = new ChildProcess(
            "/bin/bash", [copy, "version"], folder.Path, ("PATH", ToolsWithout(folder, "dotnet")));
        await quoin.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, quoin.ExitCode);
        Assert.Contains(".NET SDK", quoin.Errors, StringComparison.Ordinal);
        Assert.Contains("no 'dotnet' on the PATH", quoin.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_an_old_SDK_it_says_what_is_there_and_what_is_wanted()
    {
        using var folder = new ScratchFolder();
        var copy = CopyOfTheSources(folder);
        var tools = ToolsWithout(folder, "dotnet");
        var fake = Path.Combine(tools, "dotnet");
        File.WriteAllText(
            fake, "#!/bin/bash\nif [[ $1 == --list-sdks ]]; then echo '8.0.100 [/sdk]'; exit 0; fi\nexit 145\n");
        File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var quoin = new ChildProcess("/bin/bash", [copy, "version"], folder.Path, ("PATH", tools));
        await quoin.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, quoin.ExitCode);
        Assert.Contains("10.0.", quoin.Errors, StringComparison.Ordinal);
        Assert.Contains("8.0.100", quoin.Errors, StringComparison.Ordinal);
    }

    /// <summary>A tree that has never been built: enough of one for the launcher to want to.</summary>
    private static string CopyOfTheSources(ScratchFolder folder)
    {
        var copy = Path.Combine(folder.Path, "quoin");
        File.Copy(Launcher, copy);
        File.Copy(Path.Combine(Workplace.Root, "global.json"), Path.Combine(folder.Path, "global.json"));
        return copy;
    }

    private static string ToolsWithout(ScratchFolder folder, string missing)
    {
        var tools = Directory.CreateDirectory(Path.Combine(folder.Path, "tools")).FullName;
        string[] wanted = ["bash", "readlink", "dirname", "find", "sed", "mkdir", "flock", "touch", "cut", "paste"];
        foreach (var tool in wanted.Where(tool => tool != missing && Workplace.Find(tool) is not null))
            File.CreateSymbolicLink(Path.Combine(tools, tool), Workplace.Find(tool)!);
        return tools;
    }
}
