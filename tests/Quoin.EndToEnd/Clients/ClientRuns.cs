using System.Text.Json;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Clients;

/// <summary>
/// Runs every client once: directly against the mock, for what the answers should be, and through a Quoin that has the
/// mock as three providers and its own simulated one. The tests look at what came out.
/// </summary>
public sealed class ClientRuns : IAsyncLifetime
{
    internal const string SimModel = "sim";

    /// <summary>The mock's models, by the shape of the provider that serves them.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Models = new Dictionary<string, string>
    {
        ["openai"] = "gpt-mock",
        ["anthropic"] = "claude-mock",
        ["gemini"] = "gemini-mock",
    };

    private readonly Dictionary<(string Script, string Model, string Case), ClientAnswer> _answers = [];
    private readonly Dictionary<(string Script, string Model, string Case), ClientAnswer> _references = [];
    private ChildProcess? _mock;
    private QuoinProcess? _quoin;

    internal IEnumerable<(string Script, string Case)> CasesSeen =>
        _answers.Keys.Select(key => (key.Script, key.Case)).Distinct();

    internal QuoinProcess Quoin => _quoin ?? throw new InvalidOperationException("Not started.");

    /// <summary>What the client got through Quoin.</summary>
    internal ClientAnswer Through(string script, string model, string name) =>
        _answers.GetValueOrDefault((script, model, name))
        ?? throw new InvalidOperationException($"{script}.mjs printed nothing for '{name}' with {model}.");

    /// <summary>What the client got from the mock itself.</summary>
    internal ClientAnswer Directly(string script, string model, string name) =>
        _references.GetValueOrDefault((script, model, name))
        ?? throw new InvalidOperationException($"{script}.mjs printed nothing for '{name}' with {model}, directly.");

    public async ValueTask InitializeAsync()
    {
        if (Workplace.ClientsMissing is not null)
            return;
        var cancellation = CancellationToken.None;
        _mock = Node("mock.mjs", []);
        var ready = await _mock.ReadLineAsync(cancellation) ?? throw _mock.Failure("ended before it listened");
        var mock = JsonElement.Parse(ready).GetProperty("url").GetString()!;
        _quoin = await QuoinProcess.StartAsync(Configuration(mock), cancellation);

        string[] scripts = ["openai", "anthropic", "gemini", "vercel"];
        foreach (var script in scripts)
        {
            await RunAsync(
                _references, script, mock, Reference(script), faults: false, ("GEMINI_API_VERSION", "v1beta"));
        }

        var through = _quoin.Address.ToString().TrimEnd('/');
        foreach (var script in scripts)
        {
            await RunAsync(_answers, script, through, [.. Models.Values], faults: true);
            await RunAsync(_answers, script, through, [SimModel], faults: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_quoin is not null)
            await _quoin.DisposeAsync();
        if (_mock is not null)
            await _mock.DisposeAsync();
    }

    /// <summary>Straight to the mock, a client asks for the models of its own dialect.</summary>
    private static string[] Reference(string script) =>
        Models.TryGetValue(script, out var model) ? [model] : [.. Models.Values];

    // Faults are part of what clients are shown: nothing is tried twice, and no provider is left alone for them. A
    // model that has reached its limit is left alone for its Retry-After: it is one of its own.
    private static string Configuration(string mock) => $$"""
        llm:
          retry: {max_retries: 0}
          health_check: {enabled: false}
        circuit_breaker: {enabled: false}
        providers:
          mock-openai: {type: openai, base_url: "{{mock}}/v1", api_key: test-openai,
            models: [gpt-mock, gpt-*]}
          mock-anthropic: {type: anthropic, base_url: "{{mock}}/v1", api_key: test-anthropic,
            models: [claude-mock, claude-*]}
          mock-gemini: {type: gemini, base_url: "{{mock}}/v1beta", api_key: test-gemini,
            models: [gemini-mock, gemini-*]}
          sim: {type: sim}
        """;

    private static ChildProcess Node(
        string script, IEnumerable<string> arguments, params (string Name, string? Value)[] environment) =>
        new(Workplace.Find("node")!, [script, .. arguments], Workplace.Clients, environment);

    private static async Task RunAsync(
        Dictionary<(string Script, string Model, string Case), ClientAnswer> answers,
        string script, string address, string[] models, bool faults,
        params (string Name, string? Value)[] environment)
    {
        var names = ClientCase.All.Where(c => c.Script == script && (faults || !c.IsFault)).Select(c => c.Name);
        string[] arguments = [address, string.Join(',', models), .. faults ? [] : new[] { string.Join(',', names) }];
        await using var node = Node($"{script}.mjs", arguments, environment);
        var output = await node.ReadToEndAsync(CancellationToken.None);
        if (node.ExitCode != 0)
            throw node.Failure($"({script}) ended with {node.ExitCode}");
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var answer = ClientAnswer.Parse(line);
            answers[(script, answer.Model, answer.Case)] = answer;
        }
    }
}
