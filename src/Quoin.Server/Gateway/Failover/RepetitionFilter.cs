using System.Text;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Takes out of a continuation what the client has already: the white space at the end of the text so far, which was
/// cut from the prefill, and the whole text so far, where a provider says its prefill again. Text is held back only as
/// long as it may still be the repetition.
/// </summary>
internal sealed class RepetitionFilter
{
    private readonly string _text;
    private readonly string _trail;
    private readonly StringBuilder _held = new();
    private bool _decided;
    private int _skipped;

    public RepetitionFilter(string soFar)
    {
        _text = soFar;
        _trail = soFar[soFar.TrimEnd().Length..];
        _decided = soFar.Length < FailoverLimits.RepeatedChars;
    }

    public string Pass(string more)
    {
        if (_decided)
        {
            return WithoutTrail(more);
        }

        _held.Append(more);
        var held = _held.ToString();
        if (held.Length < _text.Length)
        {
            return _text.StartsWith(held, StringComparison.Ordinal) ? "" : Decide(held);
        }

        return held.StartsWith(_text, StringComparison.Ordinal) ? DecideRepeated(held[_text.Length..]) : Decide(held);
    }

    /// <summary>The text ended while it might have become a repetition: what was held.</summary>
    public string Release() => _decided ? "" : Decide(_held.ToString());

    private string Decide(string held)
    {
        _decided = true;
        return WithoutTrail(held);
    }

    private string DecideRepeated(string rest)
    {
        (_decided, _skipped) = (true, _trail.Length);
        return rest;
    }

    private string WithoutTrail(string more)
    {
        var at = 0;
        while (_skipped < _trail.Length && at < more.Length)
        {
            if (more[at] != _trail[_skipped])
            {
                _skipped = _trail.Length;
                break;
            }

            at++;
            _skipped++;
        }

        return at == 0 ? more : more[at..];
    }
}
