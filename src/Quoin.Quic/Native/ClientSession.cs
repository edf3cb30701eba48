using System.Buffers.Binary;

namespace Quoin.Quic.Native;

/// <summary>
/// A client's session as it is stored: the version of this form, the length of the transport parameters, these, and the
/// TLS session. The parameters are what early data has to respect; ngtcp2 1.x packs them itself, for 0.12 the fields
/// that it names are taken one by one.
/// </summary>
internal static unsafe class ClientSession
{
    private const byte Form012 = 1;
    private const byte Form1 = 2;
    private const int HeadBytes = 3;

    // What a client may use of remembered parameters (RFC 9000, 7.4.1).
    private static readonly int[] Remembered =
    [
        NativeLayout.ParametersMaxStreamDataBidiLocal, NativeLayout.ParametersMaxStreamDataBidiRemote,
        NativeLayout.ParametersMaxStreamDataUni, NativeLayout.ParametersMaxData, NativeLayout.ParametersMaxStreamsBidi,
        NativeLayout.ParametersMaxStreamsUni, NativeLayout.ParametersMaxIdleTimeout,
        NativeLayout.ParametersMaxUdpPayload, NativeLayout.ParametersActiveCidLimit,
        NativeLayout.ParametersMaxDatagramFrame,
    ];

    /// <summary>Null: there is nothing to store.</summary>
    public static byte[]? Save(ConnectionHandle handle)
    {
        var session = TlsHandshake.SessionData(handle.Session);
        var parameters = ReadParameters(handle.Connection);
        if (session.Length == 0 || parameters.Length == 0)
        {
            return null;
        }

        var stored = new byte[HeadBytes + parameters.Length + session.Length];
        stored[0] = QuicLibrary.Layout.IsVersion1 ? Form1 : Form012;
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(1), (ushort)parameters.Length);
        parameters.CopyTo(stored, HeadBytes);
        session.CopyTo(stored, HeadBytes + parameters.Length);
        return stored;
    }

    /// <summary>False: it is none, or of another version of the library.</summary>
    public static bool TryResume(ConnectionHandle handle, ReadOnlySpan<byte> stored, bool earlyData)
    {
        if (stored.Length is < HeadBytes or > QuicLimits.SessionBytes
            || stored[0] != (QuicLibrary.Layout.IsVersion1 ? Form1 : Form012))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16LittleEndian(stored[1..]);
        var rest = stored[HeadBytes..];
        if (rest.Length < length)
        {
            return false;
        }

        fixed (byte* session = rest[length..])
        {
            if (GnuTls.SetSessionData(handle.Session, session, (nuint)(rest.Length - length)) != 0)
            {
                return false;
            }
        }

        return !earlyData || SetParameters(handle.Connection, rest[..length]);
    }

    private static byte[] ReadParameters(nint connection)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            var packed = stackalloc byte[NativeLayout.ParametersBytes];
            var length = Ngtcp2Connection.EncodeEarlyParameters(connection, packed, NativeLayout.ParametersBytes);
            return length <= 0 ? [] : new ReadOnlySpan<byte>(packed, (int)length).ToArray();
        }

        var parameters = Ngtcp2Connection.RemoteParameters(connection);
        if (parameters is null)
        {
            return [];
        }

        var bytes = new byte[Remembered.Length * sizeof(ulong)];
        for (var i = 0; i < Remembered.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(
                bytes.AsSpan(i * sizeof(ulong)), *(ulong*)(parameters + Remembered[i]));
        }

        return bytes;
    }

    private static bool SetParameters(nint connection, ReadOnlySpan<byte> bytes)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            fixed (byte* start = bytes)
            {
                return Ngtcp2Connection.DecodeEarlyParameters(connection, start, (nuint)bytes.Length) == 0;
            }
        }

        if (bytes.Length != Remembered.Length * sizeof(ulong))
        {
            return false;
        }

        var parameters = stackalloc byte[NativeLayout.ParametersBytes];
        new Span<byte>(parameters, NativeLayout.ParametersBytes).Clear();
        Ngtcp2.ParametersDefault(1, parameters);
        for (var i = 0; i < Remembered.Length; i++)
        {
            *(ulong*)(parameters + Remembered[i]) =
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        }

        Ngtcp2Connection.SetEarlyParameters(connection, 1, parameters);
        return true;
    }
}
