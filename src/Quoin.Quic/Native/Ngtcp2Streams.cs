namespace Quoin.Quic.Native;

/// <summary>The safe side of the functions that open streams.</summary>
internal static unsafe class Ngtcp2Streams
{
    /// <summary>False: the peer's limit is reached.</summary>
    public static bool TryOpen(nint connection, bool bidirectional, out long id)
    {
        long opened = 0;
        var result = bidirectional
            ? Ngtcp2Connection.OpenBidi(connection, &opened, null)
            : Ngtcp2Connection.OpenUni(connection, &opened, null);
        id = opened;
        return result == 0;
    }

    /// <summary>A stream of the peer has closed: it may open another.</summary>
    public static void ExtendLimit(nint connection, long id)
    {
        if ((id & 2) == 0)
        {
            Ngtcp2Connection.ExtendMaxStreamsBidi(connection, 1);
        }
        else
        {
            Ngtcp2Connection.ExtendMaxStreamsUni(connection, 1);
        }
    }
}
