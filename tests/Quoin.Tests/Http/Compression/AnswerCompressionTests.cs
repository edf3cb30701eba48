using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Http.Compression;

public sealed class AnswerCompressionTests
{
    private static readonly string Long = string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));
    private static readonly (string, string) Gzip = ("Accept-Encoding", "gzip");

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("identity", null)]
    public async Task A_long_text_is_compressed_as_the_client_accepts_it(string accepted, string? coding)
    {
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Get("/text", () => Long);
            app.Get("/json", () => new[] { Long });
            app.Get("/length", () => Results.Text(Long));
        });
        foreach (var path in (string[])["/text", "/json", "/length"])
        {
            using var response = await server.GetAsync(path, ("Accept-Encoding", accepted));
            Assert.Equal(coding, response.Content.Headers.ContentEncoding.SingleOrDefault());
            Assert.Equal(["Accept-Encoding"], response.Headers.Vary);
            Assert.Contains("line 499", await DecodedAsync(response), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    public async Task Below_the_least_size_it_is_not_worth_it(int bytes, bool compressed)
    {
        var text = new string('a', bytes);
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Get("/unknown", () => text);
            app.Get("/known", () => Results.Text(text));
            app.Get("/pieces", async (HttpResponse response) =>
            {
                response.ContentType = "text/plain";
                foreach (var letter in Encoding.ASCII.GetBytes(text).Chunk(100))
                {
                    await response.Body.WriteAsync(letter);
                }
            });
        });
        foreach (var path in (string[])["/unknown", "/known", "/pieces"])
        {
            using var response = await server.GetAsync(path, Gzip);
            Assert.Equal((path, compressed), (path, response.Content.Headers.ContentEncoding.Count > 0));
            Assert.Equal(text, await DecodedAsync(response));
            using var only = await server.GetAsync(path, ("Accept-Encoding", "gzip, identity;q=0"));
            Assert.Equal(["gzip"], only.Content.Headers.ContentEncoding);
            Assert.Equal(text, await DecodedAsync(only));
        }
    }

    [Theory]
    [InlineData("events")]
    [InlineData("flushed")]
    [InlineData("encoded")]
    [InlineData("no-transform")]
    [InlineData("image")]
    [InlineData("part")]
    [InlineData("digest")]
    public async Task What_must_go_out_as_it_is_does(string kind)
    {
        await using var server = await HttpServer.StartAsync(app => app.Get("/{kind}", async (HttpResponse response) =>
        {
            response.ContentType = kind switch
            {
                "events" => "text/event-stream; charset=utf-8",
                "image" => "image/png",
                _ => "text/plain",
            };
            var headers = response.Headers;
            (headers.ContentEncoding, headers.CacheControl, headers.ContentRange, headers["Repr-Digest"]) = (
                kind == "encoded" ? "zstd" : default, kind == "no-transform" ? "public, no-transform" : default,
                kind == "part" ? "bytes 0-4889/4890" : default, kind == "digest" ? "sha-256=:AA==:" : default);
            if (kind == "flushed")
            {
                await response.WriteAsync("begin ");
            }

            await response.WriteAsync(Long);
        }));
        using var response = await server.GetAsync("/" + kind, Gzip);
        Assert.Equal(kind == "encoded" ? ["zstd"] : [], response.Content.Headers.ContentEncoding);
        Assert.EndsWith(Long, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, null)]
    [InlineData(5000, "gzip")]
    public async Task What_was_flushed_is_with_the_client_before_the_end(int bytes, string? coding)
    {
        var goOn = new TaskCompletionSource();
        await using var server = await HttpServer.StartAsync(app => app.Get("/", async (HttpResponse response) =>
        {
            response.ContentType = "text/plain";
            await response.WriteAsync(new string('a', bytes));
            await goOn.Task;
            await response.WriteAsync("end");
        }));
        using var response = await server.GetAsync("/", Gzip);
        Assert.Equal(coding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        await using var body = await response.Content.ReadAsStreamAsync();
        await using var decoded = coding is null ? body : new GZipStream(body, CompressionMode.Decompress);
        await decoded.ReadExactlyAsync(new byte[bytes]);
        goOn.SetResult();
        using var rest = new StreamReader(decoded);
        Assert.Equal("end", await rest.ReadToEndAsync());
    }

    [Fact]
    public async Task HEAD_is_answered_as_GET_is()
    {
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Get("/text", () => Long);
            app.Get("/length", (HttpResponse response) =>
            {
                response.ContentType = "text/css";
                response.ContentLength = 5000;
            });
        });
        foreach (var path in (string[])["/text", "/length"])
        {
            using var response = await server.SendAsync(HttpMethod.Head, path, Gzip);
            Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
            Assert.Equal(["Accept-Encoding"], response.Headers.Vary);
            Assert.Null(response.Content.Headers.ContentLength);
        }
    }

    [Fact]
    public async Task A_short_whole_answer_has_its_compressed_length()
    {
        await using var server = await HttpServer.StartAsync(app => app.Get("/", () => Results.Text(Long)));
        using var response = await server.GetAsync("/", Gzip);
        Assert.InRange(response.Content.Headers.ContentLength!.Value, 1, Long.Length / 2);
        Assert.Equal(Long, await DecodedAsync(response));
    }

    [Fact]
    public async Task A_strong_ETag_is_weak_on_compressed_bytes_and_still_gives_304()
    {
        var count = 0;
        await using var server = await HttpServer.StartAsync(app => app.Get("/", () =>
        {
            count++;
            return Long;
        }).Cached(TimeSpan.FromMinutes(1)));
        using var plain = await server.GetAsync("/");
        using var compressed = await server.GetAsync("/", Gzip);
        Assert.Equal("W/" + plain.Headers.ETag, compressed.Headers.ETag!.ToString());
        Assert.Equal(Long, await DecodedAsync(compressed));
        Assert.Equal(Long, await DecodedAsync(plain));
        foreach (var tag in (string[])[plain.Headers.ETag!.ToString(), compressed.Headers.ETag!.ToString()])
        {
            using var again = await server.GetAsync("/", Gzip, ("If-None-Match", tag));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Contains("Accept-Encoding", again.Headers.Vary);
        }

        Assert.Equal(1, count);
    }

    [Fact]
    public async Task Over_TLS_answers_to_cookies_are_compressed_only_where_it_is_allowed()
    {
        using var certificate = TestCertificate.Create();
        foreach (var allowed in (bool[])[false, true])
        {
            await using var server = await HttpServer.StartAsync(
                app => app.Get("/", () => Long),
                new() { Certificate = certificate, Compression = new() { WithCredentials = allowed } });
            using var bare = await server.GetAsync("/", Gzip);
            using var bearer = await server.GetAsync("/", Gzip, ("Authorization", "Bearer x"));
            using var cookie = await server.GetAsync("/", Gzip, ("Cookie", "session=1"));
            using var basic = await server.GetAsync("/", Gzip, ("Authorization", "Basic eDp5"));
            Assert.Equal(
                [1, 1, allowed ? 1 : 0, allowed ? 1 : 0],
                new[] { bare, bearer, cookie, basic }.Select(answer => answer.Content.Headers.ContentEncoding.Count));
        }
    }

    [Fact]
    public async Task A_handler_that_fails_leaves_nothing_of_its_answer()
    {
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Get("/early", async (HttpResponse response) =>
            {
                response.ContentType = "text/plain";
                await response.Body.WriteAsync("half"u8.ToArray());
                throw new InvalidOperationException("no more");
            });
            app.Get("/late", async (HttpResponse response) =>
            {
                response.ContentType = "text/plain";
                await response.WriteAsync(Long);
                throw new InvalidOperationException("no more");
            });
            app.Get("/short", async (HttpResponse response) =>
            {
                (response.ContentType, response.ContentLength) = ("text/plain", 6000);
                await response.WriteAsync(Long);
            });
        });
        using var early = await server.GetAsync("/early", Gzip);
        Assert.Equal(HttpStatusCode.InternalServerError, early.StatusCode);
        Assert.StartsWith("{", await early.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        foreach (var path in (string[])["/late", "/short"])
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
            {
                using var late = await server.GetAsync(path, Gzip);
                await late.Content.ReadAsByteArrayAsync();
            });
        }
    }

    [Fact]
    public async Task A_response_may_be_cleared_while_it_is_held()
    {
        await using var server = await HttpServer.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                await next(context);
                context.Response.Clear();
                await context.Response.WriteAsync("instead");
            });
            app.Get("/", async (HttpResponse response) =>
            {
                response.ContentType = "text/plain";
                await response.Body.WriteAsync("first"u8.ToArray());
            });
        });
        using var response = await server.GetAsync("/", Gzip);
        Assert.Equal("instead", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task It_can_be_off_and_wrong_options_are_named()
    {
        await using var server = await HttpServer.StartAsync(
            app => app.Get("/", () => Long), new() { Compression = null });
        using var response = await server.GetAsync("/", Gzip);
        Assert.Equal((0, 0), (response.Content.Headers.ContentEncoding.Count, response.Headers.Vary.Count));
        var e = Assert.Throws<ArgumentException>(() => new HttpApp(new()
        {
            Compression = new() { MinSize = -1, Level = 10, Algorithms = ["zip"], MediaTypes = ["text"] },
        }));
        foreach (var fault in (string[])["0..65536", "1..9", "zip; accepted: br, gzip", "\"text\""])
        {
            Assert.Contains(fault, e.Message, StringComparison.Ordinal);
        }
    }

    private static async Task<string> DecodedAsync(HttpResponseMessage response)
    {
        await using var body = await response.Content.ReadAsStreamAsync();
        await using Stream decoded = response.Content.Headers.ContentEncoding.SingleOrDefault() switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var reader = new StreamReader(decoded);
        return await reader.ReadToEndAsync();
    }
}
