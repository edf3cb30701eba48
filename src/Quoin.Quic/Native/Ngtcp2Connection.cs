using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// Functions of ngtcp2 on one connection. All are called on the thread of the loop that owns the connection. None may
/// skip the GC transition: most can call back.
/// </summary>
internal static unsafe partial class Ngtcp2Connection
{
    private const string Library = "ngtcp2";
    private const string Crypto = "ngtcp2_crypto_gnutls";

    public const uint WriteMoreFlag = 1;
    public const uint WriteEndFlag = 2;

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_del")]
    public static partial void Delete(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_set_tls_native_handle")]
    public static partial void SetTls(nint connection, nint session);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_submit_new_token")]
    public static partial int SubmitToken(nint connection, byte* token, nuint length);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_read_pkt_versioned")]
    public static partial int Read(nint connection, NativePath* path, int infoVersion, NativePacketInfo* info,
        byte* packet, nuint length, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_writev_stream_versioned")]
    public static partial nint WriteStream(nint connection, byte* path, int infoVersion, NativePacketInfo* info,
        byte* target, nuint length, nint* taken, uint flags, long stream, NativeBytes* data, nuint count, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_writev_datagram_versioned")]
    public static partial nint WriteDatagram(nint connection, byte* path, int infoVersion, NativePacketInfo* info,
        byte* target, nuint length, int* accepted, uint flags, ulong id, NativeBytes* data, nuint count, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_write_connection_close_versioned")]
    public static partial nint WriteClose(nint connection, byte* path, int infoVersion, NativePacketInfo* info,
        byte* target, nuint length, NativeCloseError* error, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_expiry")]
    public static partial ulong Expiry(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_handle_expiry")]
    public static partial int HandleExpiry(nint connection, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_pto")]
    public static partial ulong ProbeTimeout(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_update_pkt_tx_time")]
    public static partial void UpdateSendTime(nint connection, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_send_quantum")]
    public static partial nuint SendQuantum(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_max_tx_udp_payload_size")]
    public static partial nuint MaxSendPayload(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_path_max_tx_udp_payload_size")]
    public static partial nuint PathSendPayload(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_max_data_left")]
    public static partial ulong MaxDataLeft(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_extend_max_stream_offset")]
    public static partial int ExtendMaxStreamOffset(nint connection, long stream, ulong count);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_extend_max_offset")]
    public static partial void ExtendMaxOffset(nint connection, ulong count);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_extend_max_streams_bidi")]
    public static partial void ExtendMaxStreamsBidi(nint connection, nuint count);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_extend_max_streams_uni")]
    public static partial void ExtendMaxStreamsUni(nint connection, nuint count);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_open_bidi_stream")]
    public static partial int OpenBidi(nint connection, long* stream, void* userData);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_open_uni_stream")]
    public static partial int OpenUni(nint connection, long* stream, void* userData);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_set_keep_alive_timeout")]
    public static partial void SetKeepAlive(nint connection, ulong timeout);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_tls_alert")]
    public static partial byte TlsAlert(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_remote_transport_params")]
    public static partial byte* RemoteParameters(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_initiate_key_update")]
    public static partial int InitiateKeyUpdate(nint connection, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_path")]
    public static partial NativePath* Path(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_handshake_completed")]
    public static partial int HandshakeCompleted(nint connection);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_recv_crypto_data_cb")]
    public static partial int ReceiveCrypto(nint connection, int level, ulong offset, byte* data, nuint length,
        nint userData);

    public static int ShutdownRead(nint connection, long stream, ulong code) => QuicLibrary.Layout.IsVersion1
        ? ShutdownRead1(connection, 0, stream, code)
        : ShutdownRead012(connection, stream, code);

    public static int ShutdownWrite(nint connection, long stream, ulong code) => QuicLibrary.Layout.IsVersion1
        ? ShutdownWrite1(connection, 0, stream, code)
        : ShutdownWrite012(connection, stream, code);

    /// <summary>Why the peer has closed the connection.</summary>
    public static (bool IsApplication, ulong Code) CloseReason(nint connection)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            var reason = CloseReason1(connection);
            return (reason->Type == 1, reason->Code);
        }

        var error = default(NativeCloseError);
        CloseReason012(connection, &error);
        return (error.Type == 1, error.Code);
    }

    /// <summary>Fills a block of <see cref="NativeLayout.StatisticsBytes"/>.</summary>
    public static void Statistics(nint connection, byte* block)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            Statistics1(connection, 1, block);
        }
        else
        {
            Statistics012(connection, 1, block);
        }
    }

    /// <summary>The server has not taken the early data: its streams are gone.</summary>
    public static int EarlyDataRejected(nint connection) => QuicLibrary.Layout.IsVersion1
        ? EarlyDataRejected1(connection)
        : EarlyDataRejected012(connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_set_early_remote_transport_params_versioned")]
    public static partial void SetEarlyParameters(nint connection, int version, byte* parameters);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_encode_0rtt_transport_params")]
    public static partial nint EncodeEarlyParameters(nint connection, byte* target, nuint length);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_decode_and_set_0rtt_transport_params")]
    public static partial int DecodeEarlyParameters(nint connection, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_shutdown_stream_read")]
    private static partial int ShutdownRead012(nint connection, long stream, ulong code);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_shutdown_stream_read")]
    private static partial int ShutdownRead1(nint connection, uint flags, long stream, ulong code);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_shutdown_stream_write")]
    private static partial int ShutdownWrite012(nint connection, long stream, ulong code);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_shutdown_stream_write")]
    private static partial int ShutdownWrite1(nint connection, uint flags, long stream, ulong code);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_connection_close_error")]
    private static partial void CloseReason012(nint connection, NativeCloseError* error);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_ccerr")]
    private static partial NativeCloseError* CloseReason1(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_conn_stat_versioned")]
    private static partial void Statistics012(nint connection, int version, byte* block);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_get_conn_info_versioned")]
    private static partial void Statistics1(nint connection, int version, byte* block);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_early_data_rejected")]
    private static partial int EarlyDataRejected012(nint connection);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_tls_early_data_rejected")]
    private static partial int EarlyDataRejected1(nint connection);
}
