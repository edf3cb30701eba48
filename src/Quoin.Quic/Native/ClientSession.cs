using System.Buffers.Binary;

namespace Quoin.Quic.Native;

/// <summary>
/// A client's session as it is stored: the version of this form, the lengths of the transport parameters and of the
/// token that proves the client's address, these two, and the TLS session. The parameters are what early data has to
/// respect; ngtcp2 1.x packs them itself, for 0.12 the fields that it names are taken one by one.
/// </summary>
internal static unsafe class ClientSession
{
    private const byte Form012 = 3;
    private const byte Form1 = 4;
    private const int HeadBytes = 5;

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
    public static byte[]? Save(ConnectionHandle handle, byte[]? addressToken)
    {
        var session = TlsHandshake.SessionData(handle.Session);
        var parameters = ReadParameters(handle.Connection);
        if (session.Length == 0 || parameters.Length == 0)
        {
            return null;
        }

        var head = new byte[HeadBytes];
        head[0] = QuicLibrary.Layout.IsVersion1 ? Form1 : Form012;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(1), (ushort)parameters.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(3), (ushort)(addressToken?.Length ?? 0));
        return [.. head, .. parameters, .. addressToken ?? [], .. session];
    }

    /// <summary>The token in it; empty: none.</summary>
    public static ReadOnlySpan<byte> AddressTokenOf(ReadOnlySpan<byte> stored) =>
        TrySplit(stored, out _, out var token, out _) ? token : default;

    /// <summary>False: it is none, or of another version of the library.</summary>
    public static bool TryResume(ConnectionHandle handle, ReadOnlySpan<byte> stored, bool earlyData)
    {
        if (!TrySplit(stored, out var parameters, out _, out var ticket))
        {
            return false;
        }

        fixed (byte* session = ticket)
        {
            if (GnuTls.SetSessionData(handle.Session, session, (nuint)ticket.Length) != 0)
            {
                return false;
            }
        }

        return !earlyData || SetParameters(handle.Connection, parameters);
    }

    private static bool TrySplit(ReadOnlySpan<byte> stored, out ReadOnlySpan<byte> parameters,
        out ReadOnlySpan<byte> token, out ReadOnlySpan<byte> session)
    {
        parameters = token = session = default;
        if (stored.Length is < HeadBytes or > QuicLimits.SessionBytes
            || stored[0] != (QuicLibrary.Layout.IsVersion1 ? Form1 : Form012))
        {
            return false;
        }

        var parametersLength = BinaryPrimitives.ReadUInt16LittleEndian(stored[1..]);
        var tokenLength = BinaryPrimitives.ReadUInt16LittleEndian(stored[3..]);
        var rest = stored[HeadBytes..];
        if (rest.Length < parametersLength + tokenLength || tokenLength > QuicLimits.AddressTokenBytes)
        {
            return false;
        }

        parameters = rest[..parametersLength];
        token = rest.Slice(parametersLength, tokenLength);
        session = rest[(parametersLength + tokenLength)..];
        return true;
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
