using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Tests.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Accounting;

/// <summary>A gateway with a database and keys before scripted providers, and what its database holds.</summary>
internal sealed class UsageRig : IAsyncDisposable
{
    public const string Ann = "ann-0123456789-secret";
    public const string Bob = "bob-0123456789-secret";
    public const string Chat = """{"model":"m","max_tokens":40,"messages":[{"role":"user","content":"hi"}]}""";
    public const string StreamedChat =
        """{"model":"m","max_tokens":40,"stream":true,"messages":[{"role":"user","content":"hi"}]}""";

    private readonly TemporaryFolder _folder;
    private readonly bool _ownsFolder;

    private UsageRig(TemporaryFolder folder, bool ownsFolder, TestGateway gateway) =>
        (_folder, _ownsFolder, Gateway) = (folder, ownsFolder, gateway);

    public TestGateway Gateway { get; }

    /// <summary>1 dollar for a million tokens in, 2 out: a token costs 1000 and 2000 billionths.</summary>
    public static IReadOnlyDictionary<string, PriceOptions> Prices { get; } =
        new Dictionary<string, PriceOptions>(StringComparer.Ordinal) { ["*"] = new() { Input = 1, Output = 2 } };

    public static string Answer(string usage) =>
        """
        {"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,
         "message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]
        """ + (usage.Length > 0 ? $",\"usage\":{usage}}}" : "}");

    public static string Told(int input, int output) =>
        $$"""{"prompt_tokens":{{input}},"completion_tokens":{{output}},"total_tokens":{{input + output}}}""";

    /// <param name="upstreams">Providers in order of preference.</param>
    public static async Task<UsageRig> StartAsync(
        ScriptedUpstream[] upstreams, IReadOnlyList<BudgetOptions>? budgets = null,
        Func<QuoinOptions, QuoinOptions>? change = null, TimeProvider? time = null, TemporaryFolder? folder = null)
    {
        var place = folder ?? new TemporaryFolder();
        var options = new QuoinOptions
        {
            Providers = upstreams.Select((upstream, i) => (upstream, i)).ToDictionary(
                pair => $"up{pair.i}",
                pair => new ProviderOptions
                {
                    Type = "openai-compatible",
                    BaseUrl = pair.upstream.BaseUrl,
                    Models = ["*"],
                    ApiKey = "sk-secret-key-1234",
                    Prices = Prices,
                },
                StringComparer.Ordinal),
            Llm = new() { Retry = new() { MaxRetries = 0 } },
            Auth = new()
            {
                Enabled = true,
                Keys =
                [
                    new() { Name = "ann", Key = Ann, Admin = true, Budgets = budgets ?? [] },
                    new() { Name = "bob", Key = Bob },
                ],
            },
            Database = new() { Url = $"sqlite:{Path.Combine(place.Path, "quoin.db")}" },
        };
        return new UsageRig(
            place, folder is null, await TestGateway.StartAsync(change is null ? options : change(options), time));
    }

    public Task<HttpResponseMessage> SendAsync(
        string body = Chat, string key = Ann, string path = "/v1/chat/completions",
        CancellationToken cancellationToken = default, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-api-key", key);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return Gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public async Task<(int Status, string Body)> AskAsync(string body = Chat, string key = Ann)
    {
        using var response = await SendAsync(body, key);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var document = JsonDocument.Parse(await Gateway.Client.GetStringAsync(path));
        return document.RootElement.Clone();
    }

    /// <summary>The records of the database, when all requests have ended.</summary>
    public async Task<List<UsageRecord>> RecordsAsync(int atLeast = 1)
    {
        // A request settles after its client has the last byte: asking until it is there.
        while (true)
        {
            var usage = await GetAsync("/api/v1/usage?by=");
            Assert.True(usage.GetProperty("complete").GetBoolean());
            if (usage.GetProperty("data")[0].GetProperty("requests").GetInt64() >= atLeast)
            {
                return Read(new SqliteConnectionStringBuilder
                {
                    DataSource = Path.Combine(_folder.Path, "quoin.db"),
                    Mode = SqliteOpenMode.ReadOnly,
                    Pooling = false,
                });
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        if (_ownsFolder)
        {
            _folder.Dispose();
        }
    }

    private static List<UsageRecord> Read(SqliteConnectionStringBuilder place)
    {
        using var connection = new SqliteConnection(place.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT at, request_id, key, operation, provider, model, status, error, cache, attempts, "
            + "input, output, estimated, cost FROM usage_records ORDER BY id";
        using var reader = command.ExecuteReader();
        var records = new List<UsageRecord>();
        while (reader.Read())
        {
            records.Add(new UsageRecord
            {
                At = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(0)),
                RequestId = reader.GetString(1),
                Key = reader.GetString(2),
                Operation = reader.GetString(3),
                Provider = reader.GetString(4),
                Model = reader.GetString(5),
                Status = reader.GetInt32(6),
                Error = reader.GetString(7),
                Cache = reader.GetString(8),
                Attempts = reader.GetInt32(9),
                Use = new TokenUse(reader.GetInt64(10), reader.GetInt64(11), Estimated: reader.GetBoolean(12)),
                Cost = reader.GetInt64(13),
            });
        }

        return records;
    }
}
