using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quoin.Quic.Connections;

namespace Quoin.Quic.Native;

/// <summary>
/// The functions that ngtcp2 and GnuTLS call, and the table of them. Each finds its connection by the GCHandle that the
/// connection was made with, and lets no exception out: native frames cannot be unwound. What is done for each packet
/// (encryption, header masks) stays inside the native libraries.
/// </summary>
internal static unsafe class ConnectionCallbacks
{
    private const int Fine = 0;
    private const uint CloseCodeSet = 1;

    /// <summary>
    /// Fills <c>ngtcp2_callbacks</c>; the order of its 40 fields is that of the header, in both versions.
    /// </summary>
    public static void Fill(nint* table, bool server)
    {
        new Span<byte>(table, NativeLayout.CallbacksBytes).Clear();
        if (server)
        {
            table[1] = QuicLibrary.CryptoExport("ngtcp2_crypto_recv_client_initial_cb");
        }
        else
        {
            table[0] = QuicLibrary.CryptoExport("ngtcp2_crypto_client_initial_cb");
            table[13] = QuicLibrary.CryptoExport("ngtcp2_crypto_recv_retry_cb");
            table[28] = QuicLibrary.Layout.IsVersion1
                ? (nint)(delegate* unmanaged[Cdecl]<nint, byte*, nuint, nint, int>)&NewToken1
                : (nint)(delegate* unmanaged[Cdecl]<nint, NativeBytes*, nint, int>)&NewToken012;
        }

        table[2] = (nint)(delegate* unmanaged[Cdecl]<nint, int, ulong, byte*, nuint, nint, int>)&Crypto;
        table[3] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&HandshakeCompleted;
        table[5] = QuicLibrary.CryptoExport("ngtcp2_crypto_encrypt_cb");
        table[6] = QuicLibrary.CryptoExport("ngtcp2_crypto_decrypt_cb");
        table[7] = QuicLibrary.CryptoExport("ngtcp2_crypto_hp_mask_cb");
        table[8] =
            (nint)(delegate* unmanaged[Cdecl]<nint, uint, long, ulong, byte*, nuint, nint, nint, int>)&StreamData;
        table[9] = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, nint, nint, int>)&StreamAcknowledged;
        table[10] = (nint)(delegate* unmanaged[Cdecl]<nint, long, nint, int>)&StreamOpened;
        table[11] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, long, ulong, nint, nint, int>)&StreamClosed;
        table[12] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, int>)&StatelessReset;
        table[14] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, nint, int>)&MoreStreams;
        table[15] = table[14];
        table[16] = (nint)(delegate* unmanaged[Cdecl]<byte*, nuint, nint, void>)&Random;
        table[17] = (nint)(delegate* unmanaged[Cdecl]<nint, NativeCid*, byte*, nuint, nint, int>)&NewConnectionId;
        table[18] = (nint)(delegate* unmanaged[Cdecl]<nint, NativeCid*, nint, int>)&ConnectionIdRetired;
        table[19] = QuicLibrary.CryptoExport("ngtcp2_crypto_update_key_cb");
        table[22] = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, ulong, nint, nint, int>)&StreamReset;
        table[25] = (nint)(delegate* unmanaged[Cdecl]<nint, long, ulong, nint, nint, int>)&StreamWindow;
        table[29] = QuicLibrary.CryptoExport("ngtcp2_crypto_delete_crypto_aead_ctx_cb");
        table[30] = QuicLibrary.CryptoExport("ngtcp2_crypto_delete_crypto_cipher_ctx_cb");
        table[31] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, nint, int>)&Datagram;
        table[34] = QuicLibrary.CryptoExport("ngtcp2_crypto_get_path_challenge_data_cb");
        table[36] = QuicLibrary.CryptoExport("ngtcp2_crypto_version_negotiation_cb");
        table[38] = (nint)(delegate* unmanaged[Cdecl]<nint, int, nint, int>)&SendKey;
    }

    public static delegate* unmanaged[Cdecl]<NativeConnectionReference*, nint> GetConnection => &ConnectionOf;

    public static delegate* unmanaged[Cdecl]<nint, int> VerifyPeer => &Verify;

    public static delegate* unmanaged[Cdecl]<nint, byte*, NativeDatum*, int> KeyLog => &WriteKeyLog;

    public static delegate* unmanaged[Cdecl]<nint, uint, uint, uint, NativeDatum*, int> SessionTicket => &Ticket;

    public static delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, void> Qlog => &WriteQlog;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint ConnectionOf(NativeConnectionReference* reference) => reference->Connection;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Crypto(nint connection, int level, ulong offset, byte* data, nuint length, nint user)
    {
        var events = Events(user);
        try
        {
            return events.OnCrypto(level, offset, new(data, (int)length));
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int HandshakeCompleted(nint connection, nint user) =>
        Tell(user, static (events, _, _) => events.OnHandshakeCompleted());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SendKey(nint connection, int level, nint user) =>
        Tell(user, static (events, level, _) => events.OnSendKey((int)level), level);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamOpened(nint connection, long stream, nint user) =>
        Tell(user, static (events, stream, _) => events.OnStreamOpened(stream), stream);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamData(nint connection, uint flags, long stream, ulong offset, byte* data, nuint length,
        nint user, nint streamUser)
    {
        var events = Events(user);
        try
        {
            events.OnStreamData(flags, stream, new(data, (int)length));
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamAcknowledged(
        nint connection, long stream, ulong offset, ulong length, nint user, nint streamUser) =>
        Tell(user, static (events, stream, offset) => events.OnStreamAcknowledged(stream, offset), stream,
            (long)(offset + length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamClosed(nint connection, uint flags, long stream, ulong code, nint user, nint streamUser) =>
        Tell(user, static (events, stream, code) => events.OnStreamClosed(stream, code), stream,
            (flags & CloseCodeSet) != 0 ? (long)code : -1);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamReset(
        nint connection, long stream, ulong finalSize, ulong code, nint user, nint streamUser) =>
        Tell(user, static (events, stream, code) => events.OnStreamReset(stream, code), stream, (long)code);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamWindow(nint connection, long stream, ulong most, nint user, nint streamUser) =>
        Tell(user, static (events, stream, _) => events.OnStreamWindow(stream), stream);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MoreStreams(nint connection, ulong most, nint user) =>
        Tell(user, static (events, _, _) => events.OnMoreStreams());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StatelessReset(nint connection, nint reset, nint user) =>
        Tell(user, static (events, _, _) => events.OnStatelessReset());

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Random(byte* target, nuint length, nint context) =>
        System.Security.Cryptography.RandomNumberGenerator.Fill(new Span<byte>(target, (int)length));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewConnectionId(nint connection, NativeCid* id, byte* token, nuint length, nint user)
    {
        var events = Events(user);
        try
        {
            id->Length = length;
            events.OnConnectionId(new Span<byte>(id->Data, (int)length),
                new Span<byte>(token, Ngtcp2.StatelessResetTokenBytes));
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ConnectionIdRetired(nint connection, NativeCid* id, nint user)
    {
        var events = Events(user);
        try
        {
            events.OnConnectionIdRetired(new ReadOnlySpan<byte>(id->Data, (int)id->Length));
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewToken012(nint connection, NativeBytes* token, nint user) =>
        NewToken(new ReadOnlySpan<byte>(token->Start, (int)token->Length), user);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int NewToken1(nint connection, byte* token, nuint length, nint user) =>
        NewToken(new ReadOnlySpan<byte>(token, (int)length), user);

    private static int NewToken(ReadOnlySpan<byte> token, nint user)
    {
        var events = Events(user);
        try
        {
            events.OnAddressToken(token);
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Datagram(nint connection, uint flags, byte* data, nuint length, nint user)
    {
        var events = Events(user);
        try
        {
            events.OnDatagram((flags & 1) != 0, new(data, (int)length));
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void WriteQlog(nint user, uint flags, byte* data, nuint length)
    {
        var events = Events(user);
        try
        {
            events.OnQlog((flags & 1) != 0, new(data, (int)length));
        }
        catch (Exception e)
        {
            events.OnFault(e);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Verify(nint session)
    {
        var events = Events(GnuTls.GetPointer(session)->Handle);
        try
        {
            uint count = 0;
            var certificates = GnuTls.GetPeers(session, &count);
            var chain = new List<byte[]>();
            for (var i = 0; certificates is not null && i < count && i < QuicLimits.PeerCertificates; i++)
            {
                chain.Add(certificates[i].Span.ToArray());
            }

            return events.OnPeerCertificate(chain) ? Fine : GnuTls.CertificateError;
        }
        catch (Exception e)
        {
            events.OnFault(e);
            return GnuTls.CertificateError;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int WriteKeyLog(nint session, byte* label, NativeDatum* secret)
    {
        var events = Events(GnuTls.GetPointer(session)->Handle);
        try
        {
            var client = default(NativeDatum);
            var server = default(NativeDatum);
            GnuTls.SessionRandom(session, &client, &server);
            events.OnKeyLog(Marshal.PtrToStringUTF8((nint)label) ?? "", client.Span, secret->Span);
        }
        catch (Exception e)
        {
            events.OnFault(e);
        }

        return Fine;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Ticket(nint session, uint message, uint when, uint incoming, NativeDatum* data) => incoming == 0
        ? Fine
        : Tell(GnuTls.GetPointer(session)->Handle, static (events, _, _) => events.OnSessionTicket());

    private static int Tell(nint user, Action<IConnectionEvents, long, long> what, long first = 0, long second = 0)
    {
        var events = Events(user);
        try
        {
            what(events, first, second);
            return Fine;
        }
        catch (Exception e)
        {
            return Fault(events, e);
        }
    }

    private static IConnectionEvents Events(nint user) =>
        Unsafe.As<IConnectionEvents>(GCHandle.FromIntPtr(user).Target)!;

    private static int Fault(IConnectionEvents events, Exception exception)
    {
        events.OnFault(exception);
        return NativeError.CallbackFailure;
    }
}
