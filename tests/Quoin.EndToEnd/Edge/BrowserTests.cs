using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Edge;

/// <summary>A real browser, with the server's files and models.</summary>
public sealed class BrowserTests
{
    private const string Page = """
        <!doctype html><html><head><link rel="stylesheet" href="app.css"><script type="module" src="app.js"></script>
        </head><body><p id="said">nothing</p></body></html>
        """;

    private const string Script = """
        const answer = await fetch('/v1/chat/completions', {method: 'POST',
          headers: {'Content-Type': 'application/json'},
          body: JSON.stringify({model: 'sim', messages: [{role: 'user', content: 'echo: From the page'}]})});
        const said = (await answer.json()).choices[0].message.content;
        const color = getComputedStyle(document.getElementById('said')).color;
        document.getElementById('said').textContent = said + ' in ' + color;
        """;

    [Fact]
    public async Task A_page_of_static_files_asks_a_model()
    {
        Assert.SkipWhen(Workplace.Find("chromium") is null, "chromium not found");
        using var folder = new ScratchFolder();
        folder.Write("index.html", Page);
        folder.Write("app.js", Script);
        folder.Write("app.css", "p { color: rgb(1, 2, 3) }");
        await using var quoin = await QuoinProcess.StartAsync(
            $"""
            server:
              static:
                root: "{folder.Path}"
                prefix: /pages
              compression:
                min_size: 1
              security_headers:
                enabled: true
                content_security_policy: "default-src 'self'"
            """,
            TestContext.Current.CancellationToken);
        await using var chromium = new ChildProcess(
            Workplace.Find("chromium")!,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=" + Path.Combine(folder.Path, ".profile"), "--virtual-time-budget=10000", "--dump-dom",
                $"{quoin.Address}pages/",
            ],
            folder.Path);
        Assert.Contains(
            "From the page in rgb(1, 2, 3)", await chromium.ReadToEndAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }
}
