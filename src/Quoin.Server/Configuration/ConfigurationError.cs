using System.Text;

namespace Quoin.Server.Configuration;

/// <summary>What kind of fault a configuration has.</summary>
public enum ConfigurationErrorKind
{
    /// <summary>The file is not there or cannot be read.</summary>
    Unreadable,

    /// <summary>The file is not YAML, or uses what configuration has no use for.</summary>
    Syntax,

    /// <summary>The file is beyond one of <see cref="ConfigurationLimits"/>.</summary>
    Limit,
    UnknownKey,
    DuplicateKey,
    WrongType,
    OutOfRange,
    NotAChoice,
    Missing,
    UnsetVariable,
    BadExpansion,

    /// <summary>Each value is fine, together they are not.</summary>
    Contradiction,
}

/// <summary>One fault of a configuration, with all that is needed to mend it. Never holds a secret.</summary>
/// <param name="Key">Key path (<c>server.port</c>); empty where the fault is not of one key.</param>
public sealed record ConfigurationError(
    ConfigurationErrorKind Kind, Origin Origin, string Key, string Message)
{
    /// <summary>File of the fault, where it has one.</summary>
    public string? File => Origin.Kind == OriginKind.File ? Origin.Name : null;

    public int Line => Origin.Line;

    public int Column => Origin.Column;

    /// <summary>What stands there. Null where it is a secret or says nothing.</summary>
    public string? Found { get; init; }

    /// <summary>What may stand there.</summary>
    public string? Accepted { get; init; }

    /// <summary>What was probably meant.</summary>
    public string? Nearest { get; init; }

    /// <summary>One line: <c>quoin.yaml:12:3: server.prot: unknown key; did you mean server.port?</c></summary>
    public override string ToString()
    {
        var line = new StringBuilder(Origin.Place).Append(": ");
        if (Key.Length > 0)
            line.Append(Key).Append(": ");
        line.Append(Message);
        if (Found is not null)
            line.Append("; found ").Append(Found);
        if (Nearest is not null)
            line.Append("; did you mean ").Append(Nearest).Append('?');
        else if (Accepted is not null)
            line.Append("; accepted: ").Append(Accepted);
        return line.ToString();
    }
}
