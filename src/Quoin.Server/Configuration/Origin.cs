namespace Quoin.Server.Configuration;

/// <summary>The kinds of source a value can come from, weakest first.</summary>
public enum OriginKind
{
    Default,
    File,
    Environment,
    CommandLine,
}

/// <summary>Where a value comes from.</summary>
/// <param name="Name">File as the user named it, variable, or option.</param>
/// <param name="Line">Line in the file, from 1; 0 where there is none.</param>
/// <param name="Column">Column in the file, from 1; 0 where there is none.</param>
public sealed record Origin(OriginKind Kind, string Name, int Line = 0, int Column = 0)
{
    public static readonly Origin Default = new(OriginKind.Default, "default");

    /// <summary>As it stands in front of an error: <c>quoin.yaml:12:3</c>, <c>PORT</c> or <c>--port</c>.</summary>
    public string Place => Kind switch
    {
        OriginKind.Default => "configuration",
        OriginKind.File when Line > 0 => $"{Name}:{Line}:{Column}",
        _ => Name,
    };

    /// <summary>As it stands beside a value: <c>quoin.yaml:12</c>, <c>env PORT</c>, <c>--port</c>.</summary>
    public override string ToString() => Kind switch
    {
        OriginKind.Environment => "env " + Name,
        OriginKind.File when Line > 0 => $"{Name}:{Line}",
        _ => Name,
    };
}
