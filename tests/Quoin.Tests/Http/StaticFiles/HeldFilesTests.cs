using System.Net;
using Microsoft.Net.Http.Headers;
using Quoin.Http;
using Quoin.Http.StaticFiles;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.StaticFiles;

/// <summary>Files that are served from memory, and how soon a change on the disk is seen.</summary>
public sealed class HeldFilesTests : IDisposable
{
    private static readonly EntityTagHeaderValue Tag = new("\"t\"");
    private readonly string _root = Directory.CreateTempSubdirectory("quoin-held-").FullName;
    private readonly ManualClock _clock = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_change_is_seen_when_the_time_of_holding_is_over()
    {
        await using var server = await StartAsync();
        Write("a.txt", "one");
        Assert.Equal("one", await server.Client.GetStringAsync("/a.txt"));
        Write("a.txt", "another");
        Assert.Equal("one", await server.Client.GetStringAsync("/a.txt"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("another", await server.Client.GetStringAsync("/a.txt"));
        File.Delete(Path.Combine(_root, "a.txt"));
        Assert.Equal("another", await server.Client.GetStringAsync("/a.txt"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/a.txt")).StatusCode);
    }

    [Fact]
    public async Task Each_coding_of_a_file_is_held_for_itself()
    {
        await using var server = await StartAsync();
        Write("a.js", "plain");
        Write("a.js.gz", "zipped");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            Assert.Equal("plain", await server.Client.GetStringAsync("/a.js"));
            using var request = new HttpRequestMessage(HttpMethod.Get, "/a.js");
            request.Headers.AcceptEncoding.ParseAdd("gzip");
            using var response = await server.Client.SendAsync(request);
            Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
            Assert.Equal("zipped", await response.Content.ReadAsStringAsync());
            Assert.Contains("Accept-Encoding", response.Headers.Vary);
        }

        // In memory both stay, as long as both are as they were.
        Write("a.js.gz", "zipped again");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("plain", await server.Client.GetStringAsync("/a.js"));
    }

    [Fact]
    public async Task Without_holding_a_change_is_seen_at_once()
    {
        await using var server = await StartAsync(TimeSpan.Zero);
        Write("a.txt", "one");
        Assert.Equal("one", await server.Client.GetStringAsync("/a.txt"));
        Write("a.txt", "another");
        Assert.Equal("another", await server.Client.GetStringAsync("/a.txt"));
    }

    [Fact]
    public void What_was_looked_at_longest_ago_goes_when_memory_is_full()
    {
        var files = new HeldFiles(new StaticOptions { Time = _clock });
        for (var i = 0; i < 40; i++)
        {
            files.Put($"{i}", Held(HttpLimits.HeldFileBytes));
            files.Put($"{i}", Held(HttpLimits.HeldFileBytes));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Null(files.Find("0"));
        Assert.NotNull(files.Find("39"));
        var held = Enumerable.Range(0, 40).Count(i => files.Find($"{i}") is not null);
        Assert.InRange(held, 20, 32);
    }

    [Fact]
    public void Empty_files_are_bounded_by_their_number()
    {
        var files = new HeldFiles(new StaticOptions { Time = _clock });
        for (var i = 0; i <= HttpLimits.HeldFiles; i++)
        {
            files.Put($"{i}", Held(0));
        }

        Assert.InRange(
            Enumerable.Range(0, HttpLimits.HeldFiles + 1).Count(i => files.Find($"{i}") is not null), 1,
            HttpLimits.HeldFiles);
    }

    private HeldFile Held(int length) =>
        new("x", [], [new HeldVariant(null, new byte[length], default, Tag)], _clock.GetTimestamp());

    private Task<HttpServer> StartAsync(TimeSpan? hold = null) => HttpServer.StartAsync(app => app.Static(
        "/", _root, new() { Time = _clock, HoldFor = hold ?? TimeSpan.FromSeconds(1) }));

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_root, name), content);
}
