using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Quoin.Http;

namespace Quoin.Tests.Http.StaticFiles;

public sealed class StaticFilesTests : IDisposable
{
    private static readonly DateTime Changed = new(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc);
    private readonly DirectoryInfo _outside = Directory.CreateTempSubdirectory("quoin-static-");
    private readonly string _root;

    public StaticFilesTests()
    {
        _root = Path.Combine(_outside.FullName, "root");
        Write("app.js", "console.log('app');");
        Write("app.3f9c2b1a.js", "1");
        Write("report-20240115.txt", "1");
        Write("index.html", "<p>home");
        Write("docs/index.html", "<p>docs");
        Write("docs/100%.txt", "all");
        Write("empty.css", "");
        Write("unknown.zzz", "?");
        Write(".secret", "dot");
        Write(".git/config", "dot");
        Write(".well-known/security.txt", "Contact: x");
        Write("../outside.txt", "outside");
        Write("../root-sibling/a.txt", "outside");
        Directory.CreateDirectory(Path.Combine(_root, "bare"));
    }

    public void Dispose() => _outside.Delete(recursive: true);

    [Theory]
    [InlineData("/assets/app.js", "text/javascript; charset=utf-8", "console.log('app');")]
    [InlineData("/assets/", "text/html; charset=utf-8", "<p>home")]
    [InlineData("/assets/docs/", "text/html; charset=utf-8", "<p>docs")]
    [InlineData("/assets/docs/100%25.txt", "text/plain; charset=utf-8", "all")]
    [InlineData("/assets/unknown.zzz", "application/octet-stream", "?")]
    [InlineData("/assets/empty.css", "text/css; charset=utf-8", "")]
    [InlineData("/assets/.well-known/security.txt", "text/plain; charset=utf-8", "Contact: x")]
    public async Task A_file_has_its_type_tag_and_date(string path, string type, string content)
    {
        await using var server = await StartAsync();
        using var response = await server.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(content, await response.Content.ReadAsStringAsync());
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(content.Length, response.Content.Headers.ContentLength);
        Assert.Equal(new DateTimeOffset(Changed), response.Content.Headers.LastModified);
        Assert.False(response.Headers.ETag!.IsWeak);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        using var head = await server.SendAsync(HttpMethod.Head, path);
        Assert.Equal((response.Headers.ETag, content.Length, ""), (
            head.Headers.ETag, (int)head.Content.Headers.ContentLength!, await head.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData("/assets/../outside.txt")]
    [InlineData("/assets/..%2foutside.txt")]
    [InlineData("/assets/%2e%2e/outside.txt")]
    [InlineData("/assets/%2e%2e%2foutside.txt")]
    [InlineData("/assets/docs/..%2f..%2foutside.txt")]
    [InlineData("/assets/..%5coutside.txt")]
    [InlineData("/assets/..\\outside.txt")]
    [InlineData("/assets/%252e%252e%252foutside.txt")]
    [InlineData("/assets/..%252foutside.txt")]
    [InlineData("/assets/%c0%ae%c0%ae/outside.txt")]
    [InlineData("/assets/%c0%ae%c0%ae%c0%afoutside.txt")]
    [InlineData("/assets/..%c0%afoutside.txt")]
    [InlineData("/assets/app.js%00.html")]
    [InlineData("/assets/..%00/outside.txt")]
    [InlineData("/assets/.secret")]
    [InlineData("/assets/%2esecret")]
    [InlineData("/assets/.git/config")]
    [InlineData("/assets//app.js")]
    [InlineData("/assets///etc/passwd")]
    [InlineData("/assets/%2fetc/passwd")]
    [InlineData("/assets/%2f/etc/passwd")]
    [InlineData("/assets/../root-sibling/a.txt")]
    [InlineData("/assets/bare/")]
    [InlineData("/assets/bare")]
    [InlineData("/assets/missing")]
    [InlineData("/assets/app.js/")]
    [InlineData("/assets/app.js/x")]
    [InlineData("/assets/docs%2findex.html")]
    public async Task Nothing_but_its_files_is_given(string target)
    {
        await using var server = await StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", server.App.Addresses[0].Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(
            $"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync();
        Assert.Matches("^HTTP/1.1 40[04] ", answer);
        Assert.DoesNotContain("outside", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_are_followed_within_the_folder_only()
    {
        Directory.CreateSymbolicLink(Path.Combine(_root, "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(_root, "sibling"), Path.Combine(_outside.FullName, "root-sibling"));
        File.CreateSymbolicLink(Path.Combine(_root, "out.txt"), "../outside.txt");
        File.CreateSymbolicLink(Path.Combine(_root, "in.js"), "docs/../app.js");
        File.CreateSymbolicLink(Path.Combine(_root, "round"), "round");
        File.CreateSymbolicLink(Path.Combine(_root, "gone"), "nowhere");
        Directory.CreateSymbolicLink(Path.Combine(_outside.FullName, "link-to-root"), _root);
        await using var server = await StartAsync(root: Path.Combine(_outside.FullName, "link-to-root"));
        Assert.Equal("console.log('app');", await server.Client.GetStringAsync("/assets/in.js"));
        foreach (var path in (string[])["up/outside.txt", "sibling/a.txt", "out.txt", "round", "gone"])
        {
            using var response = await server.GetAsync("/assets/" + path);
            Assert.Equal((path, HttpStatusCode.NotFound), (path, response.StatusCode));
        }
    }

    [Fact]
    public async Task Pipes_and_devices_are_no_files()
    {
        using var made = Process.Start("mkfifo", Path.Combine(_root, "pipe"));
        await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, made.ExitCode);
        await using var server = await StartAsync();
        using var pipe = await server.GetAsync("/assets/pipe");
        Assert.Equal(HttpStatusCode.NotFound, pipe.StatusCode);
        await using var devices = await HttpServer.StartAsync(app => app.Static("/", "/dev"));
        using var zero = await devices.GetAsync("/zero");
        Assert.Equal(HttpStatusCode.NotFound, zero.StatusCode);
    }

    [Fact]
    public async Task A_folder_without_its_slash_is_sent_on()
    {
        await using var server = await StartAsync();
        foreach (var path in (string[])["/assets/docs", "/assets"])
        {
            using var response = await server.GetAsync(path + "?a=b");
            Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
            Assert.Equal(path + "/?a=b", response.Headers.Location!.ToString());
        }
    }

    [Theory]
    [InlineData(206, "onsole", "Range", "bytes=1-6")]
    [InlineData(206, "');", "Range", "bytes=-3")]
    [InlineData(206, "');", "Range", "bytes=16-")]
    [InlineData(200, null, "Range", "bytes=0-1,4-5")]
    [InlineData(200, null, "Range", "lines=0-1")]
    [InlineData(416, "", "Range", "bytes=100-")]
    [InlineData(304, "", "If-None-Match", "{tag}")]
    [InlineData(304, "", "If-None-Match", "\"x\", W/{tag}")]
    [InlineData(304, "", "If-None-Match", "*")]
    [InlineData(200, null, "If-None-Match", "\"x\"")]
    [InlineData(304, "", "If-Modified-Since", "Mon, 06 May 2024 07:08:09 GMT")]
    [InlineData(200, null, "If-Modified-Since", "Mon, 06 May 2024 07:08:08 GMT")]
    [InlineData(304, "", "If-None-Match", "{tag}", "If-Modified-Since", "Mon, 06 May 2024 07:08:08 GMT")]
    [InlineData(200, null, "If-None-Match", "\"x\"", "If-Modified-Since", "Mon, 06 May 2024 07:08:09 GMT")]
    [InlineData(412, "", "If-Match", "\"x\"")]
    [InlineData(412, "", "If-Match", "W/{tag}")]
    [InlineData(200, null, "If-Match", "{tag}")]
    [InlineData(412, "", "If-Unmodified-Since", "Mon, 06 May 2024 07:08:08 GMT")]
    [InlineData(206, "co", "Range", "bytes=0-1", "If-Range", "{tag}")]
    [InlineData(200, null, "Range", "bytes=0-1", "If-Range", "W/{tag}")]
    [InlineData(200, null, "Range", "bytes=0-1", "If-Range", "\"x\"")]
    public async Task Conditions_and_ranges_are_kept_to(int status, string? body, params string[] headers)
    {
        await using var server = await StartAsync();
        using var first = await server.GetAsync("/assets/app.js");
        var tag = first.Headers.ETag!.ToString();
        using var response = await server.GetAsync("/assets/app.js", [.. headers.Chunk(2).Select(pair =>
            (pair[0], pair[1].Replace("{tag}", tag, StringComparison.Ordinal)))]);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(body ?? "console.log('app');", await response.Content.ReadAsStringAsync());
        if (status is 200 or 206 or 304)
        {
            Assert.Equal(tag, response.Headers.ETag?.ToString());
            Assert.Equal("public, max-age=86400", response.Headers.CacheControl!.ToString());
        }
    }

    [Fact]
    public async Task HEAD_has_no_ranges()
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(HttpMethod.Head, "/assets/app.js", ("Range", "bytes=0-1"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("console.log('app');".Length, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task The_tag_changes_with_a_change_within_the_same_second()
    {
        await using var server = await StartAsync(new() { HoldFor = TimeSpan.Zero });
        using var before = await server.GetAsync("/assets/app.js");
        File.SetLastWriteTimeUtc(Path.Combine(_root, "app.js"), Changed.AddTicks(1));
        using var after = await server.GetAsync("/assets/app.js", ("If-None-Match", before.Headers.ETag!.ToString()));
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
    }

    [Theory]
    [InlineData("app.js", "public, max-age=60")]
    [InlineData("app.3f9c2b1a.js", "public, max-age=31536000, immutable")]
    [InlineData("report-20240115.txt", "public, max-age=60")]
    public async Task Names_with_a_fingerprint_are_kept_for_ever(string name, string cacheControl)
    {
        await using var server = await StartAsync(new() { MaxAge = TimeSpan.FromMinutes(1) });
        using var response = await server.GetAsync("/assets/" + name);
        Assert.Equal(cacheControl, string.Join(", ", response.Headers.GetValues("Cache-Control")));
    }

    [Fact]
    public async Task Precompressed_files_go_out_as_they_are()
    {
        Write("app.js.br", "[brotli]");
        Write("app.js.gz", "[gzip]");
        Write("app.3f9c2b1a.js.gz", "[stale]");
        File.SetLastWriteTimeUtc(Path.Combine(_root, "app.3f9c2b1a.js.gz"), Changed.AddSeconds(-1));
        await using var server = await StartAsync();
        var tags = new HashSet<string>();
        foreach (var (accepted, coding, body) in ((string, string?, string)[])
            [("gzip, br", "br", "[brotli]"), ("gzip", "gzip", "[gzip]"), ("x", null, "console.log('app');")])
        {
            using var response = await server.GetAsync("/assets/app.js", ("Accept-Encoding", accepted));
            Assert.Equal(coding, response.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Equal(body, await response.Content.ReadAsStringAsync());
            Assert.Equal("text/javascript", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(["Accept-Encoding"], response.Headers.Vary);
            Assert.True(tags.Add(response.Headers.ETag!.ToString()));
            using var again = await server.GetAsync(
                "/assets/app.js", ("Accept-Encoding", accepted), ("If-None-Match", response.Headers.ETag!.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }

        using var stale = await server.GetAsync("/assets/app.3f9c2b1a.js", ("Accept-Encoding", "gzip"));
        Assert.Equal("1", await stale.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_large_text_without_a_sibling_is_compressed_as_it_goes_and_a_range_of_it_is_not()
    {
        Write("large.css", string.Concat(Enumerable.Repeat("p { color: red }\n", 1000)));
        await using var server = await StartAsync();
        using var whole = await server.GetAsync("/assets/large.css", ("Accept-Encoding", "gzip"));
        Assert.Equal(["gzip"], whole.Content.Headers.ContentEncoding);
        Assert.True(whole.Headers.ETag!.IsWeak);
        using var part = await server.GetAsync(
            "/assets/large.css", ("Accept-Encoding", "gzip"), ("Range", "bytes=0-9999"));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Empty(part.Content.Headers.ContentEncoding);
        Assert.Equal(10_000, (await part.Content.ReadAsByteArrayAsync()).Length);
    }

    [Fact]
    public async Task A_folder_that_does_not_exist_is_refused_at_the_start()
    {
        await using var app = new HttpApp();
        Assert.Contains("nowhere", Assert.Throws<DirectoryNotFoundException>(
            () => app.Static("/assets", Path.Combine(_root, "nowhere"))).Message, StringComparison.Ordinal);
        foreach (var prefix in (string[])["assets", "/a//b", "/{x}"])
        {
            Assert.Throws<ArgumentException>(() => app.Static(prefix, _root));
        }

        Assert.Throws<ArgumentException>(
            () => app.Static("/x", _root, new() { MaxAge = TimeSpan.FromSeconds(-1) }));
    }

    [Fact]
    public async Task Routes_and_other_methods_are_told_apart()
    {
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Static("/", _root, new() { Index = null, Immutable = false });
            app.Get("/app.js", () => "route");
        });
        Assert.Equal("route", await server.Client.GetStringAsync("/app.js"));
        Assert.Equal("<p>docs", await server.Client.GetStringAsync("/docs/index.html"));
        using var folder = await server.GetAsync("/docs/");
        Assert.Equal(HttpStatusCode.NotFound, folder.StatusCode);
        using var posted = await server.SendAsync(HttpMethod.Post, "/docs/index.html");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    private void Write(string name, string content)
    {
        var path = Path.GetFullPath(Path.Combine(_root, name));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetLastWriteTimeUtc(path, Changed);
    }

    private Task<HttpServer> StartAsync(StaticOptions? options = null, string? root = null) =>
        HttpServer.StartAsync(app => app.Static("/assets", root ?? _root, options));
}
