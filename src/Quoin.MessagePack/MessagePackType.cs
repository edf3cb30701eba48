namespace Quoin.MessagePack;

/// <summary>The families of values of the MessagePack specification ("Type system"), told by the first byte.</summary>
public enum MessagePackType
{
    /// <summary>Nothing: <c>0xc0</c>.</summary>
    Nil = 0,

    /// <summary>False or true: <c>0xc2</c>, <c>0xc3</c>.</summary>
    Boolean = 1,

    /// <summary>A whole number from −2⁶³ to 2⁶⁴−1, in any of its ten encodings.</summary>
    Integer = 2,

    /// <summary>IEEE 754 in 4 (<c>0xca</c>) or 8 bytes (<c>0xcb</c>).</summary>
    Float = 3,

    /// <summary>Text in UTF-8.</summary>
    String = 4,

    /// <summary>Bytes.</summary>
    Binary = 5,

    /// <summary>A count of values, and the values.</summary>
    Array = 6,

    /// <summary>A count of pairs, and for each a key and a value.</summary>
    Map = 7,

    /// <summary>A type from −128 to 127 and bytes; type −1 is the timestamp.</summary>
    Extension = 8,
}
