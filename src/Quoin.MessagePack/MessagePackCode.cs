namespace Quoin.MessagePack;

/// <summary>First bytes of values, by the specification's names ("Formats", overview). Fixed for all time.</summary>
internal static class MessagePackCode
{
    public const byte FixMap = 0x80;
    public const byte FixArray = 0x90;
    public const byte FixStr = 0xa0;
    public const byte Nil = 0xc0;
    public const byte NeverUsed = 0xc1;
    public const byte False = 0xc2;
    public const byte True = 0xc3;
    public const byte Bin8 = 0xc4;
    public const byte Bin16 = 0xc5;
    public const byte Bin32 = 0xc6;
    public const byte Ext8 = 0xc7;
    public const byte Ext16 = 0xc8;
    public const byte Ext32 = 0xc9;
    public const byte Float32 = 0xca;
    public const byte Float64 = 0xcb;
    public const byte UInt8 = 0xcc;
    public const byte UInt16 = 0xcd;
    public const byte UInt32 = 0xce;
    public const byte UInt64 = 0xcf;
    public const byte Int8 = 0xd0;
    public const byte Int16 = 0xd1;
    public const byte Int32 = 0xd2;
    public const byte Int64 = 0xd3;
    public const byte FixExt1 = 0xd4;
    public const byte FixExt16 = 0xd8;
    public const byte Str8 = 0xd9;
    public const byte Str16 = 0xda;
    public const byte Str32 = 0xdb;
    public const byte Array16 = 0xdc;
    public const byte Array32 = 0xdd;
    public const byte Map16 = 0xde;
    public const byte Map32 = 0xdf;
    public const byte NegativeFixInt = 0xe0;

    /// <summary>Bytes of the longest header: the code and eight of a number.</summary>
    public const int MaxHeaderBytes = 9;

    /// <summary>Bytes of the headers from 0xc0 to 0xdf: the code, and what follows of fixed length.</summary>
    private static ReadOnlySpan<byte> HeaderSizes =>
    [
        1, 0, 1, 1, 2, 3, 5, 3, 4, 6, 5, 9, 2, 3, 5, 9,
        2, 3, 5, 9, 2, 2, 2, 2, 2, 2, 3, 5, 3, 5, 3, 5,
    ];

    private static ReadOnlySpan<MessagePackType> Types =>
    [
        MessagePackType.Nil, MessagePackType.Nil, MessagePackType.Boolean, MessagePackType.Boolean,
        MessagePackType.Binary, MessagePackType.Binary, MessagePackType.Binary, MessagePackType.Extension,
        MessagePackType.Extension, MessagePackType.Extension, MessagePackType.Float, MessagePackType.Float,
        MessagePackType.Integer, MessagePackType.Integer, MessagePackType.Integer, MessagePackType.Integer,
        MessagePackType.Integer, MessagePackType.Integer, MessagePackType.Integer, MessagePackType.Integer,
        MessagePackType.Extension, MessagePackType.Extension, MessagePackType.Extension, MessagePackType.Extension,
        MessagePackType.Extension, MessagePackType.String, MessagePackType.String, MessagePackType.String,
        MessagePackType.Array, MessagePackType.Array, MessagePackType.Map, MessagePackType.Map,
    ];

    /// <summary>Bytes of the header that begins with the code; 0 for the one that is never used.</summary>
    public static int HeaderBytes(byte code) => code is >= Nil and < NegativeFixInt ? HeaderSizes[code - Nil] : 1;

    /// <summary>The family. The code that is never used has none: ask <see cref="HeaderBytes"/> first.</summary>
    public static MessagePackType TypeOf(byte code) => code switch
    {
        < FixMap or >= NegativeFixInt => MessagePackType.Integer,
        < FixArray => MessagePackType.Map,
        < FixStr => MessagePackType.Array,
        < Nil => MessagePackType.String,
        _ => Types[code - Nil],
    };
}
