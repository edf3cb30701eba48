using System.Buffers;
using System.Text;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Server.Gateway.Connections;

/// <summary>
/// A request to a provider. Its header fields are kept as the bytes that go out; its body is up to three pieces: the
/// client's own bytes with the model's name spliced in, or the whole of a translated body. The body's memory stays the
/// caller's.
/// </summary>
internal sealed class UpstreamRequest(HttpMethod method, UpstreamTarget target) : IDisposable
{
    /// <summary>What may stand in a field's name (RFC 9110 §5.6.2).</summary>
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly PooledBuffer _fields = new(1024);

    public HttpMethod Method { get; } = method;

    public UpstreamTarget Target { get; } = target;

    /// <summary>Lines of <c>name: value CRLF</c>, without those that frame the message.</summary>
    public ReadOnlySpan<byte> Fields => _fields.WrittenSpan;

    public ReadOnlyMemory<byte> BodyHead { get; private set; }

    public ReadOnlyMemory<byte> BodyMiddle { get; private set; }

    public ReadOnlyMemory<byte> BodyTail { get; private set; }

    public long BodyLength => (long)BodyHead.Length + BodyMiddle.Length + BodyTail.Length;

    /// <summary>A JSON body.</summary>
    public void SetBody(
        ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> middle = default, ReadOnlyMemory<byte> tail = default) =>
        (BodyHead, BodyMiddle, BodyTail) = (head, middle, tail);

    /// <summary>
    /// Adds a field. The first one of a name stays, so that configured fields go before the usual ones.
    /// </summary>
    /// <exception cref="HttpRequestException">It cannot stand in a header.</exception>
    public void AddField(string name, string? value)
    {
        if (!TryAddField(name, value))
        {
            throw new HttpRequestException($"the value of the header {name} holds what no header may");
        }
    }

    /// <summary>The same; false when it cannot stand in a header.</summary>
    public bool TryAddField(string name, string? value)
    {
        if (string.IsNullOrEmpty(value) || HasField(name))
        {
            return true;
        }

        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters) || !IsFieldValue(value))
        {
            return false;
        }

        var line = _fields.GetSpan(name.Length + value.Length + 4);
        var length = Encoding.Latin1.GetBytes(name, line);
        line[length++] = (byte)':';
        line[length++] = (byte)' ';
        length += Encoding.Latin1.GetBytes(value, line[length..]);
        line[length++] = (byte)'\r';
        line[length++] = (byte)'\n';
        _fields.Advance(length);
        return true;
    }

    public bool HasField(string name)
    {
        for (var rest = Fields; !rest.IsEmpty;)
        {
            if (rest.Length > name.Length && rest[name.Length] == ':'
                && Ascii.EqualsIgnoreCase(rest[..name.Length], name))
            {
                return true;
            }

            rest = rest[(rest.IndexOf((byte)'\n') + 1)..];
        }

        return false;
    }

    public void Dispose() => _fields.Dispose();

    /// <summary>Printable Latin-1 and tabs (RFC 9110 §5.5).</summary>
    private static bool IsFieldValue(string value)
    {
        foreach (var c in value)
        {
            if (c is (< ' ' and not '\t') or '\x7f' or > '\xff')
            {
                return false;
            }
        }

        return true;
    }
}
