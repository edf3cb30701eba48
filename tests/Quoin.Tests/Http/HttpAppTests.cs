using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http;

public sealed class HttpAppTests
{
    private static readonly HttpAppOptions AnyPort = new() { Port = 0 };

    [Fact]
    public async Task Five_lines_make_a_server()
    {
        await using var app = new HttpApp(AnyPort);
        app.Get("/hello/{name}", (string name) => $"Hello {name}");
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        Assert.Equal("Hello you", await client.GetStringAsync("/hello/you"));
        Assert.NotEqual(0, app.Addresses[0].Port);
    }

    [Theory]
    [InlineData("/users/7/profile", "profile of 7")]
    [InlineData("/users/7", "user 7")]
    [InlineData("/users/me", "myself")]
    [InlineData("/users/abc", "named abc")]
    [InlineData("/users", "all")]
    [InlineData("/users/7/photos/2024/a.jpg", "file 7/photos/2024/a.jpg")]
    public async Task The_most_specific_route_is_taken_whatever_the_order(string path, string expected)
    {
        await using var app = new HttpApp(AnyPort);
        app.Get("/users/{**path}", (string path) => $"file {path}");
        app.Get("/users/{name}", (string name) => $"named {name}");
        app.Get("/users/{id:int}", (int id) => $"user {id}");
        app.Get("/users/me", () => "myself");
        app.Get("/users/{id:int}/profile", (int id) => $"profile of {id}");
        app.Get("/users", () => "all");
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        Assert.Equal(expected, await client.GetStringAsync(path));
    }

    [Fact]
    public async Task Methods_with_attributes_are_routes()
    {
        await using var app = new HttpApp(AnyPort);
        app.AddRoutes(new Users("Ann")).AddRoutes(typeof(Health));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        Assert.Equal("Ann 7", await client.GetFromJsonAsync<string>("/api/users/7/profile"));
        Assert.Equal("fine", await client.GetStringAsync("/health"));
        using var posted = await client.PostAsJsonAsync("/api/users", new Note("hi"));
        Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        Assert.Equal(new Note("Ann: hi"), await posted.Content.ReadFromJsonAsync<Note>());
    }

    [Fact]
    public async Task Other_methods_of_a_path_are_told()
    {
        await using var app = new HttpApp(AnyPort);
        app.Get("/thing", () => "it");
        app.Put("/thing", () => "done");
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        using var deleted = await client.DeleteAsync("/thing");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, deleted.StatusCode);
        string[] allowed = ["GET", "HEAD", "OPTIONS", "PUT"];
        Assert.Equal(allowed, deleted.Content.Headers.Allow.Order());
        using var asked = await client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/thing"));
        Assert.Equal(HttpStatusCode.NoContent, asked.StatusCode);
        Assert.Equal(allowed, asked.Content.Headers.Allow.Order());
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/thing"));
        Assert.Equal((HttpStatusCode.OK, ""), (head.StatusCode, await head.Content.ReadAsStringAsync()));
        using var missing = await client.GetAsync("/nothing");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("application/problem+json", missing.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("/a/{x}", "/a/{y}")]
    [InlineData("/a", "/A")]
    [InlineData("/a/{**x}", "/a/{**rest}")]
    public async Task Two_handlers_for_the_same_are_refused_when_added(string one, string other)
    {
        await using var app = new HttpApp(AnyPort);
        app.Get(one, () => "one");
        app.Post(other, () => "another method");
        var e = Assert.Throws<ArgumentException>(() => app.Get(other, () => "other"));
        Assert.Contains(one, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_a_route_is_refused_with_what_can()
    {
        await using var app = new HttpApp(AnyPort);
        var half = string.Concat("/a/{", "x");
        Assert.Throws<ArgumentException>(() => app.Get(half, () => ""));
        Assert.Throws<ArgumentException>(() => app.AddRoutes(new object()));
        Assert.Contains(
            "AddRoutes", Assert.Throws<ArgumentException>(() => app.AddRoutes(typeof(Users))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void All_options_out_of_range_are_named_at_once()
    {
        var e = Assert.Throws<ArgumentException>(() => new HttpApp(new HttpAppOptions
        {
            Host = "nowhere",
            Port = 70000,
            MaxConnections = 0,
            RequestTimeout = TimeSpan.FromSeconds(-1),
        }));
        foreach (var fault in (string[])["Host", "0..65535", "1..10000000", "RequestTimeout: -1 s"])
        {
            Assert.Contains(fault, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Middleware_runs_in_its_order_around_the_handler()
    {
        var order = new List<string>();
        await using var app = new HttpApp(AnyPort);
        foreach (var name in (string[])["outer", "inner"])
        {
            app.Use(async (context, next) =>
            {
                order.Add(name);
                await next(context);
                order.Add("after " + name);
            });
        }

        app.Get("/", () => order.Add("handler"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        await client.GetStringAsync("/");
        Assert.Equal(["outer", "inner", "handler", "after inner", "after outer"], order);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("*")]
    public async Task Several_listen_on_one_port_if_all_of_them_share_it(string host)
    {
        await using var one = new HttpApp(AnyPort with { Host = host, SharesPort = true });
        one.Get("/", () => "one");
        await one.StartAsync(TestContext.Current.CancellationToken);
        var same = one.Options with { Port = one.Addresses[0].Port };
        await using var two = new HttpApp(same);
        two.Get("/", () => "two");
        await two.StartAsync(TestContext.Current.CancellationToken);
        var answers = new HashSet<string>();
        for (var i = 0; i < 200 && answers.Count < 2; i++)
        {
            using var client = new HttpClient();
            answers.Add(await client.GetStringAsync(
                new Uri($"http://127.0.0.1:{same.Port}/"), TestContext.Current.CancellationToken));
        }

        Assert.Equal(["one", "two"], answers.Order());
        await using var alone = new HttpApp(same with { SharesPort = false });
        await Assert.ThrowsAsync<IOException>(() => alone.StartAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_handler_that_fails_is_500_and_says_nothing_of_the_reason()
    {
        await using var app = new HttpApp(AnyPort);
        app.Get("/", string () => throw new InvalidOperationException("the secret"));
        app.Get("/number/{n:int}", (int n, int q) => n + q);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        using var response = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var wrong = await client.GetAsync("/number/7?q=x");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task A_handler_beyond_its_time_is_cancelled_and_answered_503()
    {
        var clock = new ManualClock();
        await using var app = new HttpApp(AnyPort with { Time = clock, RequestTimeout = TimeSpan.FromSeconds(5) });
        var begun = new TaskCompletionSource();
        async Task<string> Wait(CancellationToken token)
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, token);
            return "never";
        }

        app.Get("/", Wait);
        app.Get("/own", Wait).RequestTimeout(TimeSpan.FromSeconds(60));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        await AssertTimeAsync("/", 5);
        await AssertTimeAsync("/own", 60);

        async Task AssertTimeAsync(string path, int seconds)
        {
            begun = new TaskCompletionSource();
            var asked = client.GetAsync(path);
            await begun.Task;
            clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(asked.IsCompleted);
            clock.Advance(TimeSpan.FromMilliseconds(1));
            using var response = await asked;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        }
    }

    [Fact]
    public async Task The_time_of_a_request_also_ends_a_token_that_middleware_has_put_in_the_place_of_its_own()
    {
        var clock = new ManualClock();
        await using var app = new HttpApp(AnyPort with { Time = clock, RequestTimeout = TimeSpan.FromSeconds(5) });
        var begun = new TaskCompletionSource();
        app.Use(async (context, next) =>
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            context.RequestAborted = linked.Token;
            await next(context);
        });
        app.Get("/", async (HttpContext context) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, context.RequestAborted);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        var asked = client.GetAsync("/");
        await begun.Task;
        clock.Advance(TimeSpan.FromSeconds(5));
        using var response = await asked;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Preloads_are_Link_headers()
    {
        await using var app = new HttpApp(AnyPort);
        app.Get("/", (HttpResponse response) =>
        {
            response.Preload("/app.css", "style");
            response.Preload("/a.woff2", "font");
            Assert.Throws<ArgumentException>(() => response.Preload("/a>b", "style"));
            Assert.Throws<ArgumentException>(() => response.Preload("/a", "style; x"));
            return "page";
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = ClientOf(app);
        using var response = await client.GetAsync("/");
        Assert.Equal(
            ["</app.css>; rel=preload; as=style", "</a.woff2>; rel=preload; as=font; crossorigin"],
            response.Headers.GetValues("Link"));
    }

    private static HttpClient ClientOf(HttpApp app) => new() { BaseAddress = app.Addresses[0] };

    private sealed record Note(string Text);

    private sealed class Users(string name)
    {
        [Get("/api/users/{id:int}/profile")]
        public IResult Profile(int id) => Results.Json($"{name} {id}");

        [Post("/api/users")]
        private IResult Add(Note note) => Results.Json(new Note($"{name}: {note.Text}"), statusCode: 201);
    }

    private static class Health
    {
        [Get("/health")]
        public static string Show() => "fine";
    }
}
