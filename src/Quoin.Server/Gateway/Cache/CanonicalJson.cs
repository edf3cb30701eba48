using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// JSON in one spelling, written in one forward-only read: object keys in order, no white space, strings unescaped
/// with their length, equal numbers alike (<c>1</c>, <c>1.0</c>, <c>1e0</c>). Members are written as they come; where
/// they are not in order, their pieces are exchanged at the object's end. Depth is the reader's.
/// </summary>
internal sealed class CanonicalJson : IComparer<CanonicalJson.Member>
{
    /// <summary>Kept between requests; larger ones are let go, for few bodies need them.</summary>
    private const int KeptBytes = 64 * 1024;

    private const int KeptMembers = 1024;

    [ThreadStatic]
    private static CanonicalJson? _spare;

    private readonly List<Member> _members = [];
    private byte[] _text = ArrayPool<byte>.Shared.Rent(4096);
    private byte[] _scratch = [];
    private int _length;

    public ReadOnlySpan<byte> Written => _text.AsSpan(0, _length);

    /// <summary>
    /// Whether Anthropic's <c>cache_control</c> is left out below the top: it may stand in any block, but for what
    /// tools take, where it would be a word like any other.
    /// </summary>
    public bool LeavesOutCacheControl { get; set; }

    /// <summary>Must be returned by the same call: it is one for each thread.</summary>
    public static CanonicalJson Rent()
    {
        var rented = _spare ?? new CanonicalJson();
        _spare = null;
        return rented;
    }

    public static void Return(CanonicalJson rented)
    {
        if (rented._text.Length + rented._scratch.Length > KeptBytes || rented._members.Capacity > KeptMembers)
        {
            Exchange(ref rented._text, []);
            Exchange(ref rented._scratch, []);
            return;
        }

        rented._length = 0;
        rented._members.Clear();
        _spare = rented;
    }

    public void Write(byte value)
    {
        Reserve(1);
        _text[_length++] = value;
    }

    /// <summary>A text with its length in front, so that no two sequences of texts look alike.</summary>
    public void WriteText(string text)
    {
        Reserve(4 + Encoding.UTF8.GetMaxByteCount(text.Length));
        var bytes = Encoding.UTF8.GetBytes(text, _text.AsSpan(_length + 4));
        WriteLength(bytes);
        _length += bytes;
    }

    /// <summary>The mark for <see cref="EndObject"/>.</summary>
    public int BeginObject()
    {
        Write((byte)'{');
        return _members.Count;
    }

    /// <summary>Writes the name that the reader stands on.</summary>
    public Member BeginMember(ref Utf8JsonReader reader)
    {
        var start = _length;
        WriteString(ref reader);
        return new Member(start, _length - start, 0);
    }

    public ReadOnlySpan<byte> NameOf(in Member member) => _text.AsSpan(member.Start + 5, member.NameLength - 5);

    public void LeaveOut(in Member member) => _length = member.Start;

    public void EndMember(in Member member) => _members.Add(member with { Length = _length - member.Start });

    public void EndObject(int mark)
    {
        Write((byte)'}');
        var members = CollectionsMarshal.AsSpan(_members)[mark..];
        for (var i = 1; i < members.Length; i++)
        {
            if (Compare(members[i - 1], members[i]) > 0)
            {
                Sort(members);
                break;
            }
        }

        _members.RemoveRange(mark, members.Length);
    }

    /// <summary>Writes the value that follows; the reader stands on its end afterwards.</summary>
    public void WriteValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        WriteToken(ref reader);
    }

    /// <summary>By name; of a name that is given twice the order stays.</summary>
    int IComparer<Member>.Compare(Member x, Member y) => Compare(x, y);

    private int Compare(in Member x, in Member y)
    {
        var names = NameOf(x).SequenceCompareTo(NameOf(y));
        return names != 0 ? names : x.Start.CompareTo(y.Start);
    }

    private void WriteToken(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteObject(ref reader);
                break;
            case JsonTokenType.StartArray:
                WriteArray(ref reader);
                break;
            case JsonTokenType.String:
                WriteString(ref reader);
                break;
            case JsonTokenType.Number:
                Reserve(CanonicalNumber.MaxBytes(reader.ValueSpan));
                _length += CanonicalNumber.Write(reader.ValueSpan, _text.AsSpan(_length));
                break;
            default:
                // true, false, null: told apart by their first letter.
                Write(reader.ValueSpan[0]);
                break;
        }
    }

    private void WriteObject(ref Utf8JsonReader reader)
    {
        var mark = BeginObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = BeginMember(ref reader);
            if (LeavesOutCacheControl && NameOf(member).SequenceEqual("cache_control"u8))
            {
                LeaveOut(member);
                reader.Skip();
                continue;
            }

            var leavesOut = LeavesOutCacheControl;
            LeavesOutCacheControl = leavesOut && !NameOf(member).SequenceEqual("input"u8)
                && !NameOf(member).SequenceEqual("input_schema"u8);
            WriteValue(ref reader);
            EndMember(member);
            LeavesOutCacheControl = leavesOut;
        }

        EndObject(mark);
    }

    private void WriteArray(ref Utf8JsonReader reader)
    {
        Write((byte)'[');
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            WriteToken(ref reader);
        }

        Write((byte)']');
    }

    private void WriteString(ref Utf8JsonReader reader)
    {
        var raw = reader.ValueSpan;
        Reserve(5 + raw.Length);
        var text = _text.AsSpan(_length + 5);
        var length = raw.Length;
        _text[_length] = (byte)'s';
        if (!reader.ValueIsEscaped)
        {
            raw.CopyTo(text);
        }
        else
        {
            try
            {
                length = reader.CopyString(text);
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair: no text, and equal only to what is written alike.
                _text[_length] = (byte)'x';
                raw.CopyTo(text);
            }
        }

        _length++;
        WriteLength(length);
        _length += length;
    }

    private void WriteLength(int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_text.AsSpan(_length), length);
        _length += 4;
    }

    /// <summary>Puts the pieces of an object's members in order. They fill the text but for its last byte.</summary>
    private void Sort(Span<Member> members)
    {
        var start = members[0].Start;
        var bytes = _length - 1 - start;
        members.Sort(this);
        if (_scratch.Length < bytes)
        {
            Exchange(ref _scratch, ArrayPool<byte>.Shared.Rent(bytes));
        }

        _text.AsSpan(start, bytes).CopyTo(_scratch);
        var at = start;
        foreach (var member in members)
        {
            _scratch.AsSpan(member.Start - start, member.Length).CopyTo(_text.AsSpan(at));
            at += member.Length;
        }
    }

    private void Reserve(int bytes)
    {
        if (_text.Length - _length >= bytes)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_length + bytes), _text.Length * 2));
        Written.CopyTo(larger);
        Exchange(ref _text, larger);
    }

    private static void Exchange(ref byte[] array, byte[] other)
    {
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }

        array = other;
    }

    /// <summary>A piece of the text: a name, and its value after it.</summary>
    /// <param name="NameLength">With the five bytes in front of the name itself.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Member(int Start, int NameLength, int Length);
}
