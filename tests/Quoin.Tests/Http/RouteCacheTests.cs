using System.Net;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Http.Caching;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http;

public sealed class RouteCacheTests
{
    [Fact]
    public async Task An_answer_is_given_again_until_its_time_is_over()
    {
        var clock = new ManualClock();
        await using var server = await Server.StartAsync(clock);
        Assert.Equal(["1", "1", "2"], await server.AskAsync("/", "/", "/?q=1"));
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(["1"], await server.AskAsync("/"));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["3"], await server.AskAsync("/"));
    }

    [Fact]
    public async Task Equal_requests_at_the_same_time_run_the_handler_once()
    {
        await using var server = await Server.StartAsync();
        var asked = Enumerable.Range(0, 50).Select(_ => server.Client.GetStringAsync("/slow")).ToArray();
        await server.Begun.Task;
        server.Go.SetResult();
        Assert.All(await Task.WhenAll(asked), answer => Assert.Equal("1", answer));
    }

    [Fact]
    public async Task An_ETag_that_matches_is_answered_304_and_another_is_not()
    {
        await using var server = await Server.StartAsync();
        using var first = await server.Client.GetAsync("/");
        var tag = first.Headers.ETag!;
        Assert.False(tag.IsWeak);
        Assert.Equal(HttpStatusCode.NotModified, await server.StatusAsync(("If-None-Match", tag.ToString())));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(("If-None-Match", "\"other\"")));
    }

    [Fact]
    public async Task Headers_that_a_route_varies_by_tell_requests_apart_and_are_told()
    {
        await using var server = await Server.StartAsync();
        var answers = new List<string>();
        foreach (var language in (string[])["de", "en", "de"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/varied");
            request.Headers.Add("Accept-Language", language);
            using var response = await server.Client.SendAsync(request);
            Assert.Equal(["Accept-Language"], response.Headers.Vary);
            answers.Add(await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(["1", "2", "1"], answers);
    }

    [Fact]
    public async Task Errors_are_not_kept_and_a_large_answer_goes_out_all_the_same()
    {
        await using var server = await Server.StartAsync();
        for (var i = 0; i < 2; i++)
        {
            using var failed = await server.Client.GetAsync("/failing");
            Assert.Equal(HttpStatusCode.BadGateway, failed.StatusCode);
            var large = await server.Client.GetByteArrayAsync("/large");
            Assert.Equal(HttpLimits.CachedBodyBytes + 1, large.Length);
        }

        Assert.Equal(4, server.Count);
    }

    [Fact]
    public async Task The_store_keeps_its_bound_and_drops_the_oldest()
    {
        var store = new RouteCacheStore(new ManualClock(), 10_000);
        for (var i = 0; i < 100; i++)
        {
            await store.SetAsync($"k{i}", new byte[1000], ["t" + (i % 2)], TimeSpan.FromMinutes(1), default);
            Assert.InRange(store.Bytes, 1, 10_000);
        }

        Assert.Null(await store.GetAsync("k91", default));
        Assert.NotNull(await store.GetAsync("k92", default));
        await store.SetAsync("k99", new byte[20_000], null, TimeSpan.FromMinutes(1), default);
        Assert.Null(await store.GetAsync("k99", default));
        await store.EvictByTagAsync("t0", default);
        Assert.Null(await store.GetAsync("k98", default));
        Assert.NotNull(await store.GetAsync("k97", default));
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly HttpApp _app;
        private int _count;

        private Server(TimeProvider? clock)
        {
            _app = new HttpApp(new() { Port = 0, Time = clock ?? TimeProvider.System });
            var minute = TimeSpan.FromMinutes(1);
            _app.Get("/", () => Next()).Cached(minute);
            _app.Get("/varied", () => Next()).Cached(minute, "Accept-Language");
            _app.Get("/failing", () => Results.Text(Next(), statusCode: 502)).Cached(minute);
            _app.Get("/slow", async () =>
            {
                Begun.TrySetResult();
                await Go.Task;
                return Next();
            }).Cached(minute);
            _app.Get("/large", () =>
            {
                Next();
                return Results.Bytes(new byte[HttpLimits.CachedBodyBytes + 1]);
            }).Cached(minute);
        }

        public HttpClient Client { get; private set; } = null!;

        public TaskCompletionSource Begun { get; } = new();

        public TaskCompletionSource Go { get; } = new();

        public int Count => _count;

        public static async Task<Server> StartAsync(TimeProvider? clock = null)
        {
            var server = new Server(clock);
            await server._app.StartAsync(TestContext.Current.CancellationToken);
            server.Client = new HttpClient { BaseAddress = server._app.Addresses[0] };
            return server;
        }

        public async Task<string[]> AskAsync(params string[] paths)
        {
            var answers = new List<string>();
            foreach (var path in paths)
            {
                answers.Add(await Client.GetStringAsync(path));
            }

            return [.. answers];
        }

        public async Task<HttpStatusCode> StatusAsync((string Name, string Value) header)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            using var response = await Client.SendAsync(request);
            return response.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await _app.DisposeAsync();
        }

        private string Next() => Interlocked.Increment(ref _count).ToString(null, null);
    }
}
