namespace Quoin.EndToEnd.Clients;

/// <summary>What a client says.</summary>
internal enum Speech
{
    OpenAI,
    Anthropic,
    Gemini,
}

/// <summary>One thing that a client script does, as <c>clients/*.mjs</c> name it.</summary>
/// <param name="Script">The client: the script's name without its ending.</param>
/// <param name="Speech">The family of the dialect it is done in.</param>
/// <param name="Same">The reference case whose answer must come out, or the fault that must be told.</param>
internal sealed record ClientCase(string Script, string Name, Speech Speech, string Same)
{
    public const string Truncated = "truncated";

    private static readonly string[] Faults =
        ["server-error", "malformed", "disconnect", "rate-limit", "overloaded", "context-length"];

    public bool IsFault => Name.Contains("fault ", StringComparison.Ordinal);

    public static IReadOnlyList<ClientCase> All { get; } =
    [
        .. Of("openai", Speech.OpenAI, "",
            ("chat", "chat"), ("chat streamed", "chat"), ("chat iterated", "chat"), ("tools", "tools"),
            ("tools streamed", "tools"), ("tool results", "tool results"), ("length", "length"),
            ("json schema", "json schema"), ("embeddings", "embeddings"), ("models", "models")),
        .. Of("openai", Speech.OpenAI, "responses",
            ("", "chat"), ("streamed", "chat"), ("tools", "tools"), ("tools streamed", "tools"),
            ("tool results", "tool results")),
        .. Of("anthropic", Speech.Anthropic, "",
            ("chat", "chat"), ("chat streamed", "chat"), ("tools", "tools"), ("tools streamed", "tools"),
            ("tool results", "tool results"), ("length", "length"), ("count tokens", "count tokens")),
        .. Of("gemini", Speech.Gemini, "",
            ("chat", "chat"), ("chat streamed", "chat"), ("tools", "tools"), ("tools streamed", "tools"),
            ("tool results", "tool results"), ("length", "length"), ("json schema", "json schema"),
            ("embeddings", "embeddings")),
        .. Vercel(Speech.OpenAI, "chat"),
        .. Vercel(Speech.OpenAI, "responses"),
        .. Vercel(Speech.Anthropic, "anthropic"),
        .. Vercel(Speech.Gemini, "google"),
    ];

    private static IEnumerable<ClientCase> Vercel(Speech speech, string provider) => Of(
        "vercel", speech, provider,
        ("text", "chat"), ("text streamed", "chat"), ("tools", "tools"), ("tools streamed", "tools"),
        ("object", "object"));

    /// <summary>The named cases and the faults, unstreamed and streamed, of one way to speak.</summary>
    private static IEnumerable<ClientCase> Of(
        string script, Speech speech, string prefix, params (string Name, string Same)[] cases)
    {
        foreach (var (name, same) in cases)
            yield return new ClientCase(script, $"{prefix} {name}".Trim(), speech, same);
        foreach (var fault in Faults)
        {
            yield return new ClientCase(script, $"{prefix} fault {fault}".Trim(), speech, fault);
            yield return new ClientCase(script, $"{prefix} fault {fault} streamed".Trim(), speech, fault);
        }

        yield return new ClientCase(script, $"{prefix} fault {Truncated} streamed".Trim(), speech, Truncated);
    }
}
