using System.IO.Enumeration;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Admission;

namespace Quoin.Server.Gateway.Keys;

/// <summary>A key that callers present, as it is held: by its SHA-256. Immutable; a reload makes new ones.</summary>
internal sealed class ApiKey
{
    private readonly byte[] _hash;

    public ApiKey(KeyOptions options)
    {
        Options = options;
        KeyText.TryHash(options, out _hash);
        Requests = options.RateLimit is { } text && Rate.TryParse(text, out var rate) ? rate : null;
        Cost = MoneyRate.Parse(options.Cost);
        Expires = !string.IsNullOrEmpty(options.Expires) && KeyText.TryReadTime(options.Expires, out var time)
            ? time
            : DateTimeOffset.MaxValue;
    }

    /// <summary>Null: what holds for every caller.</summary>
    public Rate? Requests { get; }

    /// <summary>Null: no limit, where <see cref="HasCost"/>.</summary>
    public Rate? Cost { get; }

    /// <summary>It has a limit in money of its own, or expressly none; else what holds for every caller.</summary>
    public bool HasCost => !string.IsNullOrEmpty(Options.Cost);

    public KeyOptions Options { get; }

    public string Name => Options.Name;

    public bool IsAdmin => Options.Admin;

    public Priority HighestPriority =>
        Priorities.TryParse(Options.Priority, out var highest) ? highest : Priority.Low;

    public DateTimeOffset Expires { get; }

    public ReadOnlySpan<byte> Hash => _hash;

    /// <param name="model">As the client names it.</param>
    public bool Allows(string model)
    {
        foreach (var pattern in Options.Models)
        {
            if (FileSystemName.MatchesSimpleExpression(pattern, model, ignoreCase: false))
            {
                return true;
            }
        }

        return Options.Models.Count == 0;
    }
}
