using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Puts together the JSON text of a call's arguments from pieces as they come: each piece is one value and its JSON
/// path (RFC 9535: <c>$.operations[0].action</c>), and a string may go on in the next pieces of the same path. The
/// containers from the root to the last value stay open; a piece closes those that its path leaves and opens those
/// it enters. The model writes its arguments in order, so a piece within a container that was closed is malformed.
/// </summary>
internal sealed class GeminiPartialArguments
{
    private readonly StringBuilder _text = new();
    private readonly List<Container> _open = [];
    private List<object> _last = [];    // path of the last value: string for a member, int for an element
    private bool _inString;
    private bool _ended;
    private bool _begun;

    /// <summary>Text that was added since the last call.</summary>
    public string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }

    /// <summary>Closes what is open and takes the rest.</summary>
    public string End()
    {
        if (!_ended)
        {
            _ended = true;
            CloseString();
            if (!_begun)
            {
                _text.Append("{}");
            }

            CloseTo(0);
        }

        return Take();
    }

    /// <summary>Arguments that came whole.</summary>
    public void AddWhole(JsonElement arguments)
    {
        if (!_begun)
        {
            _begun = true;
            _ended = true;
            _text.Append(arguments.GetRawText());
        }
    }

    public void Add(JsonElement piece)
    {
        if (_ended || piece.ValueKind != JsonValueKind.Object
            || !piece.TryGetProperty("jsonPath"u8, out var pathText) || pathText.ValueKind != JsonValueKind.String)
        {
            throw new JsonException("a piece of a function call's arguments has no place");
        }

        var path = GeminiJsonPath.Parse(pathText.GetString()!);
        var goesOn = piece.TryGetProperty("willContinue"u8, out var more) && more.ValueKind == JsonValueKind.True;
        var text = piece.TryGetProperty("stringValue"u8, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : null;
        if (path.SequenceEqual(_last))
        {
            Continue(text, goesOn);
            return;
        }

        CloseString();
        Enter(path);
        _last = path;
        if (text is not null)
        {
            _text.Append('"').Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text));
            _inString = true;
            Continue("", goesOn);
        }
        else
        {
            _text.Append(Scalar(piece));
        }
    }

    private void Continue(string? text, bool goesOn)
    {
        if (!_inString)
        {
            // The end of a value that was whole already.
            _ = string.IsNullOrEmpty(text) ? true : throw new JsonException("an argument of a call came twice");
            return;
        }

        _text.Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text ?? ""));
        if (!goesOn)
        {
            CloseString();
        }
    }

    private static string Scalar(JsonElement piece)
    {
        if (piece.TryGetProperty("numberValue"u8, out var number) && number.ValueKind == JsonValueKind.Number)
        {
            return number.GetRawText();
        }

        return piece.TryGetProperty("boolValue"u8, out var flag)
            && flag.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? flag.GetRawText()
            : "null";
    }

    private void Enter(List<object> path)
    {
        if (!_begun)
        {
            _begun = true;
            _open.Add(new Container(isArray: false));
            _text.Append('{');
        }

        // _open[i] holds the value at path[i]; those beyond the shared beginning are left.
        var shared = 0;
        while (shared < path.Count - 1 && shared < _open.Count - 1 && path[shared].Equals(_last[shared]))
        {
            shared++;
        }

        CloseTo(shared + 1);
        for (var i = shared; i < path.Count; i++)
        {
            _open[i].Begin(path[i], _text);
            if (i + 1 < path.Count)
            {
                var isArray = path[i + 1] is int;
                _open.Add(new Container(isArray));
                _text.Append(isArray ? '[' : '{');
            }
        }
    }

    private void CloseString()
    {
        if (_inString)
        {
            _text.Append('"');
            _inString = false;
        }
    }

    private void CloseTo(int count)
    {
        while (_open.Count > count)
        {
            _text.Append(_open[^1].IsArray ? ']' : '}');
            _open.RemoveAt(_open.Count - 1);
        }
    }

    /// <summary>An object with the names of its members, or an array with the number of its elements.</summary>
    private sealed class Container(bool isArray)
    {
        private readonly HashSet<string> _names = new(StringComparer.Ordinal);
        private int _count;

        public bool IsArray => isArray;

        public void Begin(object step, StringBuilder text)
        {
            if (_count > 0)
            {
                text.Append(',');
            }

            switch (step)
            {
                case int index when isArray && index == _count:
                    break;
                case string name when !isArray && _names.Add(name):
                    text.Append('"').Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(name)).Append("\":");
                    break;
                default:
                    throw new JsonException("the pieces of a function call's arguments are out of order");
            }

            _count++;
        }
    }
}
