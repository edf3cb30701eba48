using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Sim;

internal enum SimTurn
{
    None,
    System,
    User,
    Assistant,
    ToolResult,
}

/// <summary>
/// What the simulated model looks at in a request, filled by one reader for each shape. Every text of the
/// conversation goes into the hash and the token count as UTF-8; only the last user turn is made a string.
/// </summary>
internal sealed class SimPrompt(long seed)
{
    /// <summary>An image or a file counts as so many tokens.</summary>
    private const int TokensOfMedia = 85;

    /// <summary>What a turn costs besides its text.</summary>
    private const int TokensOfTurn = 3;

    private readonly List<JsonElement> _userTexts = [];
    private SimHash _hash = new((ulong)seed);

    public string Model { get; set; } = "";

    public bool Stream { get; set; }

    public SimTurn LastTurn { get; private set; }

    public List<Tool> Tools { get; } = [];

    public ToolChoice? ToolChoice { get; set; }

    public bool? ParallelToolCalls { get; set; }

    public OutputFormat? Output { get; set; }

    public int? MaxTokens { get; set; }

    public List<string> Stop { get; set; } = [];

    public double? Temperature { get; set; }

    public double? TopP { get; set; }

    public int? TopLogProbs { get; set; }

    public bool IncludeUsage { get; set; }

    /// <summary>Null: no thoughts are asked for.</summary>
    public Reasoning? Reasoning { get; set; }

    /// <summary>Whether the thoughts are part of the answer; otherwise only usage tells of them.</summary>
    public bool ShowThoughts { get; set; }

    public int InputTokens { get; private set; }

    public ulong Hash => _hash.Value;

    /// <summary>Leading instructions, kept for dialects that echo them.</summary>
    public string? Instructions { get; set; }

    public void BeginTurn(SimTurn turn)
    {
        LastTurn = turn;
        InputTokens += TokensOfTurn;
        _hash.Add([(byte)turn]);
        if (turn == SimTurn.User)
        {
            _userTexts.Clear();
        }
    }

    /// <summary>The turn turned out to carry a tool's result.</summary>
    public void MarkToolResult() => LastTurn = SimTurn.ToolResult;

    public void AddText(JsonElement text)
    {
        if (text.ValueKind != JsonValueKind.String)
        {
            return;
        }

        var raw = JsonMarshal.GetRawUtf8Value(text)[1..^1];
        Add(raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(text.GetString()!) : raw);
        if (LastTurn == SimTurn.User)
        {
            _userTexts.Add(text);
        }
    }

    /// <summary>Structured content (a tool's call, definition or result) counts as its JSON text.</summary>
    public void AddJson(JsonElement json) => Add(JsonMarshal.GetRawUtf8Value(json));

    public void AddMedia(JsonElement media)
    {
        _hash.Add(JsonMarshal.GetRawUtf8Value(media));
        InputTokens += TokensOfMedia;
    }

    public void AddTool(JsonElement declaration, JsonElement? parameters, string? name)
    {
        AddJson(declaration);
        if (name is not null)
        {
            Tools.Add(new Tool(name, SimJson.Text(declaration, "description"), parameters ?? default));
        }
    }

    /// <summary>The text of the last user turn.</summary>
    public string UserText() => _userTexts.Count == 1
        ? _userTexts[0].GetString()!
        : string.Concat(_userTexts.Select(text => text.GetString()));

    /// <summary>Whether that text begins so, whatever the case; spares long prompts from becoming strings.</summary>
    public bool UserTextStartsWith(string ascii)
    {
        if (_userTexts.Count == 0)
        {
            return false;
        }

        var raw = JsonMarshal.GetRawUtf8Value(_userTexts[0])[1..^1];
        return raw.Length >= ascii.Length && Ascii.EqualsIgnoreCase(raw[..ascii.Length], ascii);
    }

    public ChatRequest ToRequest() => new()
    {
        Model = Model,
        Turns = Instructions is null ? [] : [new Turn(Role.System, [new TextPart(Instructions)], "instructions")],
        Tools = Tools,
        ToolChoice = ToolChoice,
        ParallelToolCalls = ParallelToolCalls,
        Output = Output,
        MaxTokens = MaxTokens,
        Stop = Stop,
        Temperature = Temperature,
        TopP = TopP,
        TopLogProbs = TopLogProbs,
        Reasoning = Reasoning,
        Stream = Stream,
        IncludeUsage = IncludeUsage,
    };

    private void Add(ReadOnlySpan<byte> text)
    {
        _hash.Add(text);
        InputTokens += SimTokens.Count(text);
    }
}
