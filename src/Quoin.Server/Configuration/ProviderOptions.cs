namespace Quoin.Server.Configuration;

/// <summary>One upstream model API (an entry of <c>providers:</c>).</summary>
public sealed record ProviderOptions
{
    /// <summary>What it speaks.</summary>
    [Setting(Choices = ["openai", "anthropic", "gemini", "azure-openai", "ollama", "openai-compatible", "sim"],
        Required = true)]
    public string Type { get; init; } = "";

    /// <summary>Model used when a request names the provider and no model; also listed as one of its models.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Models it serves; <c>*</c> matches any run of characters. Empty: what it lists itself and its own names.
    /// </summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Its API key. Needed where the type's own address is used.</summary>
    [Setting(Secret = true)]
    public string? ApiKey { get; init; }

    /// <summary>
    /// Further API keys. Calls are spread over all of them; one that is refused or used up is left aside for a time.
    /// </summary>
    [Setting(Secret = true)]
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Root of its API with the version (<c>https://host/v1</c>). Default: the type's own address.</summary>
    [Setting(Url = true)]
    public string? BaseUrl { get; init; }

    /// <summary>azure-openai: the <c>api-version</c> of the deployments API; empty uses the v1 API.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>
    /// openai, azure-openai: the API that other dialects are translated to. Responses tells the thoughts of reasoning
    /// models, chat takes stop sequences, penalties and a seed.
    /// </summary>
    [Setting(Choices = ["openai-chat", "openai-responses"])]
    public string TranslateTo { get; init; } = "openai-chat";

    /// <summary>max_tokens sent to Anthropic when the client gives none. 1..1000000.</summary>
    [Setting(Min = 1, Max = 1000000)]
    public int DefaultMaxTokens { get; init; } = 4096;

    /// <summary>Further request headers, sent with each call.</summary>
    [Setting(Secret = true)]
    public IReadOnlyDictionary<string, string> Headers { get; init; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// What its models cost, by their names at the provider; <c>*</c> matches any run of characters, and the first
    /// that matches counts. A model without a price costs nothing.
    /// </summary>
    public IReadOnlyDictionary<string, PriceOptions> Prices { get; init; } =
        new Dictionary<string, PriceOptions>(StringComparer.Ordinal);

    /// <summary>sim: how the simulated provider behaves.</summary>
    public SimOptions Sim { get; init; } = new();
}

/// <summary>One candidate of a route (an entry of a list under <c>models:</c>).</summary>
public sealed record CandidateOptions
{
    /// <summary>A name under <c>providers:</c>.</summary>
    [Setting(Required = true)]
    public string Provider { get; init; } = "";

    /// <summary>
    /// The provider's name for the model. Default: the provider's <c>model</c>, else the route's name.
    /// </summary>
    public string? Model { get; init; }

    /// <summary>
    /// Candidates of the same group share the calls; groups are tried in the order of their first candidate. Default:
    /// a group of its own.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>Share of the group's calls, against the others' weights. 1..1000.</summary>
    [Setting(Min = 1, Max = 1000)]
    public int Weight { get; init; } = 1;

    /// <summary>Which requests it takes. Default: all.</summary>
    public CandidateConditions When { get; init; } = new();

    /// <summary>
    /// What its refusal of a prompt that is too long for it means: the answer, or that the next candidate is tried.
    /// </summary>
    [Setting(Choices = ["fail", "next"])]
    public string OnContextLength { get; init; } = "fail";

    /// <summary>What its refusal of a prompt by a safety system means: the answer, or the next candidate.</summary>
    [Setting(Choices = ["fail", "next"])]
    public string OnContentFilter { get; init; } = "fail";

    /// <summary>
    /// Whether it may go on with a stream of text that another candidate has begun and broken off: it is given the
    /// text so far as the assistant's own words.
    /// </summary>
    public bool Continue { get; init; }
}

/// <summary>The simulated provider (<c>providers.NAME.sim</c>, and the options of <c>quoin sim</c>).</summary>
public sealed record SimOptions
{
    /// <summary>Same seed and same request: same answer.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Time before the response headers. 0..10m.</summary>
    [Setting(Min = 0, Max = 600)]
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>Time from the headers to the first token of a stream. 0..10m.</summary>
    [Setting(Min = 0, Max = 600)]
    public TimeSpan FirstToken { get; init; } = TimeSpan.Zero;

    /// <summary>Tokens a second of a stream; 0: as fast as they can be written. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000)]
    public double TokenRate { get; init; }

    /// <summary>Tokens of an answer. 1..100000.</summary>
    [Setting(Min = 1, Max = 100000)]
    public int Tokens { get; init; } = 40;

    /// <summary>File of scripted faults.</summary>
    [Setting(Path = true)]
    public string? Scenario { get; init; }
}
