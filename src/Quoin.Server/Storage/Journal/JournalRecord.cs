using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Quoin.Server.Storage.Journal;

/// <summary>
/// The bytes of the journal, little-endian. A record holds its own place, so that a payload that looks like a record
/// is none; and how much of the file was durable when it was written. By that a reader knows whether a broken record
/// was acknowledged: if a later one says that the file was durable beyond it, it was, and this is damage; if none
/// does, it is the torn end of a write that nobody was told had succeeded.
/// </summary>
internal static class JournalRecord
{
    // file: magic u8[8] | version u32 | crc32c u32 (of what stands before it)
    public const int FileHeaderBytes = 8 + 4 + 4;

    // record: magic u32 | crc32c u32 (of all that follows) | length u32 | type u8 | zero u8[3] | position u64
    //         | synced u64 | payload u8[length]
    public const int HeaderBytes = 4 + 4 + 4 + 1 + 3 + 8 + 8;

    public const uint Version = 1;

    private const int Checked = 8;

    private const uint Magic = 0x43455251;

    /// <summary>The magic as it stands in the file.</summary>
    public static ReadOnlySpan<byte> MagicBytes => "QREC"u8;

    private static ReadOnlySpan<byte> FileMagic => "quoinjnl"u8;

    public static byte[] FileHeader()
    {
        var header = new byte[FileHeaderBytes];
        FileMagic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(12), Crc32C(0, header.AsSpan(0, 12)));
        return header;
    }

    /// <summary>Null: it is this version's. Else what it is instead.</summary>
    public static string? FaultOf(ReadOnlySpan<byte> header)
    {
        if (header.Length < FileHeaderBytes || !header.StartsWith(FileMagic))
        {
            return "it is no journal";
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        return Crc32C(0, header[..12]) != BinaryPrimitives.ReadUInt32LittleEndian(header[12..])
            ? "its first bytes are damaged"
            : version == Version ? null : $"it has version {version}, this program reads version {Version}";
    }

    /// <summary>Writes header and payload to <paramref name="output"/>, which has just their length.</summary>
    public static void Write(
        Span<byte> output, byte type, ReadOnlySpan<byte> payload, long position, long synced)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(output[8..], payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(output[12..], type);
        BinaryPrimitives.WriteInt64LittleEndian(output[16..], position);
        BinaryPrimitives.WriteInt64LittleEndian(output[24..], synced);
        payload.CopyTo(output[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(output[4..], Crc32C(0, output[Checked..]));
    }

    /// <summary>Reads what a header says; false where no record can have it at this place of the file.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, long position, long fileLength, out JournalHeader read)
    {
        read = default;
        if (header.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        var type = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        var synced = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        if (length is < 0 or > JournalLimits.PayloadBytes || type > byte.MaxValue
            || BinaryPrimitives.ReadInt64LittleEndian(header[16..]) != position
            || synced < 0 || synced > position || position + HeaderBytes + length > fileLength)
        {
            return false;
        }

        read = new JournalHeader((byte)type, length, synced, BinaryPrimitives.ReadUInt32LittleEndian(header[4..]));
        return true;
    }

    public static bool IsSound(in JournalHeader read, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload) =>
        Crc32C(Crc32C(0, header[Checked..HeaderBytes]), payload) == read.Checksum;

    /// <summary>Castagnoli's CRC, as iSCSI (RFC 3720) has it; goes on from an earlier part's.</summary>
    public static uint Crc32C(uint earlier, ReadOnlySpan<byte> bytes)
    {
        var crc = ~earlier;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}

/// <param name="Synced">Bytes of the file that were durable when the record was written.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct JournalHeader(byte Type, int Length, long Synced, uint Checksum);
