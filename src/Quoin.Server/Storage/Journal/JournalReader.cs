using System.Buffers;

namespace Quoin.Server.Storage.Journal;

/// <summary>
/// Reads a journal from its start:
/// 1. Sound records are handed over in their order.
/// 2. At a broken one, the sound ones after it are looked for, each by its magic, its place and its checksum.
/// 3. If one of them says that the file was durable beyond the broken place, acknowledged bytes are damaged: the place
///    is noted, and reading goes on behind it.
/// 4. Else it is the torn end of a write that was never acknowledged: the journal ends there.
/// </summary>
internal sealed class JournalReader(IJournalFile file, Action<byte, byte[]> deliver)
{
    private readonly long _length = file.Length;
    private readonly byte[] _header = new byte[JournalRecord.HeaderBytes];
    private readonly List<JournalDamage> _damaged = [];

    /// <exception cref="JournalException">The file is no journal, or one of another version.</exception>
    public JournalScan Read()
    {
        var first = new byte[JournalRecord.FileHeaderBytes];
        Fill(first, 0);
        if (JournalRecord.FaultOf(first) is { } fault)
        {
            throw new JournalException(fault);
        }

        var (position, records, acknowledged) = ((long)JournalRecord.FileHeaderBytes, 0L, -1L);
        while (position < _length)
        {
            if (TryReadAt(position, out var header, out var payload))                             // 1
            {
                deliver(header.Type, payload);
                records++;
                position += JournalRecord.HeaderBytes + header.Length;
                continue;
            }

            if (acknowledged < 0)
            {
                acknowledged = AcknowledgedBeyond(position);                                      // 2
            }

            if (acknowledged <= position)
            {
                break;                                                                            // 4
            }

            var next = FindNext(position + 1);                                                    // 3
            var end = next < 0 ? _length : next;
            _damaged.Add(new JournalDamage(position, end));
            position = end;
        }

        return new JournalScan(records, position, _length, _damaged);
    }

    /// <summary>The furthest durable length that a sound record after the position tells.</summary>
    private long AcknowledgedBeyond(long position)
    {
        var furthest = 0L;
        for (var at = FindNext(position + 1); at >= 0;)
        {
            _ = TryReadAt(at, out var header, out _);
            furthest = Math.Max(furthest, header.Synced);
            at += JournalRecord.HeaderBytes + header.Length;
            at = at < _length && TryReadAt(at, out _, out _) ? at : FindNext(at);
        }

        return furthest;
    }

    /// <summary>The place of the first sound record from here on; -1 where there is none.</summary>
    private long FindNext(long position)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(JournalLimits.SearchBytes);
        try
        {
            while (position + JournalRecord.HeaderBytes <= _length)
            {
                var read = Fill(buffer, position);
                var window = buffer.AsSpan(0, read);
                var at = window.IndexOf(JournalRecord.MagicBytes);
                if (at < 0)
                {
                    // The magic may lie across the windows.
                    position += Math.Max(read - JournalRecord.MagicBytes.Length + 1, 1);
                }
                else if (TryReadAt(position + at, out _, out _))
                {
                    return position + at;
                }
                else
                {
                    position += at + 1;
                }
            }

            return -1;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryReadAt(long position, out JournalHeader header, out byte[] payload)
    {
        payload = [];
        var read = Fill(_header, position);
        if (!JournalRecord.TryReadHeader(_header.AsSpan(0, read), position, _length, out header))
        {
            return false;
        }

        payload = new byte[header.Length];
        return Fill(payload, position + JournalRecord.HeaderBytes) == payload.Length
            && JournalRecord.IsSound(header, _header, payload);
    }

    private int Fill(Span<byte> buffer, long position)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = file.Read(buffer[total..], position + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }
}

/// <param name="End">Where the next record belongs; what lies behind it is torn.</param>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Damaged">Acknowledged bytes that cannot be read any more.</param>
internal sealed record JournalScan(long Records, long End, long Length, IReadOnlyList<JournalDamage> Damaged);

internal sealed record JournalDamage(long Start, long End);

/// <summary>The journal cannot be opened. The message is for the operator.</summary>
#pragma warning disable CA1032, CA1064 // Made in one way only, and seen by nobody outside.
internal sealed class JournalException(string message, Exception? inner = null) : Exception(message, inner);
