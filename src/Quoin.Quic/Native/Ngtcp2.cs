using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// Functions of ngtcp2 that need no connection, and the making of connections. Times are nanoseconds. Those that differ
/// between 0.12 and 1.x are behind one method each.
/// </summary>
internal static unsafe partial class Ngtcp2
{
    private const string Library = "ngtcp2";
    private const string Crypto = "ngtcp2_crypto_gnutls";

    /// <summary>QUIC version 1.</summary>
    public const uint QuicVersion1 = 1;

    public const int StatelessResetTokenBytes = 16;

    [LibraryImport(Library, EntryPoint = "ngtcp2_settings_default_versioned")]
    public static partial void SettingsDefault(int version, byte* settings);

    [LibraryImport(Library, EntryPoint = "ngtcp2_transport_params_default_versioned")]
    public static partial void ParametersDefault(int version, byte* parameters);

    [LibraryImport(Library, EntryPoint = "ngtcp2_path_storage_zero")]
    public static partial void PathStorageZero(byte* storage);

    [LibraryImport(Library, EntryPoint = "ngtcp2_pkt_decode_version_cid")]
    public static partial int DecodeVersionCid(
        NativeVersionCid* result, byte* data, nuint length, nuint shortCidLength);

    [LibraryImport(Library, EntryPoint = "ngtcp2_accept")]
    public static partial int Accept(NativePacketHeader* header, byte* packet, nuint length);

    [LibraryImport(Library, EntryPoint = "ngtcp2_pkt_write_version_negotiation")]
    public static partial nint WriteVersionNegotiation(byte* target, nuint length, byte random, byte* destination,
        nuint destinationLength, byte* source, nuint sourceLength, uint* versions, nuint count);

    [LibraryImport(Library, EntryPoint = "ngtcp2_pkt_write_stateless_reset")]
    public static partial nint WriteStatelessReset(byte* target, nuint length, byte* token, byte* random,
        nuint randomLength);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_generate_stateless_reset_token")]
    public static partial int StatelessResetToken(byte* token, byte* secret, nuint secretLength, NativeCid* cid);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_write_connection_close")]
    public static partial nint WriteConnectionClose(byte* target, nuint length, uint version, NativeCid* destination,
        NativeCid* source, ulong code, byte* reason, nuint reasonLength);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_write_retry")]
    public static partial nint WriteRetry(byte* target, nuint length, uint version, NativeCid* destination,
        NativeCid* source, NativeCid* original, byte* token, nuint tokenLength);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_generate_retry_token")]
    public static partial nint GenerateRetryToken(byte* token, byte* secret, nuint secretLength, uint version,
        byte* remote, uint remoteLength, NativeCid* retrySource, NativeCid* original, ulong time);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_verify_retry_token")]
    public static partial int VerifyRetryToken(NativeCid* original, byte* token, nuint tokenLength, byte* secret,
        nuint secretLength, uint version, byte* remote, uint remoteLength, NativeCid* destination, ulong timeout,
        ulong time);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_generate_regular_token")]
    public static partial nint GenerateAddressToken(
        byte* token, byte* secret, nuint secretLength, byte* remote, uint remoteLength, ulong time);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_verify_regular_token")]
    public static partial int VerifyAddressToken(byte* token, nuint tokenLength, byte* secret, nuint secretLength,
        byte* remote, uint remoteLength, ulong timeout, ulong time);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_server_new_versioned")]
    public static partial int ServerNew(nint* connection, NativeCid* destination, NativeCid* source, NativePath* path,
        uint version, int callbacksVersion, nint* callbacks, int settingsVersion, byte* settings,
        int parametersVersion, byte* parameters, void* memory, nint userData);

    [LibraryImport(Library, EntryPoint = "ngtcp2_conn_client_new_versioned")]
    public static partial int ClientNew(nint* connection, NativeCid* destination, NativeCid* source, NativePath* path,
        uint version, int callbacksVersion, nint* callbacks, int settingsVersion, byte* settings,
        int parametersVersion, byte* parameters, void* memory, nint userData);

    [LibraryImport(Library, EntryPoint = "ngtcp2_strerror")]
    private static partial nint ErrorText(int error);

    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? "unknown error";

    public static void SetTransportError(NativeCloseError* error, int libraryError)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            CloseErrorSetLibraryError1(error, libraryError, null, 0);
        }
        else
        {
            CloseErrorSetLibraryError(error, libraryError, null, 0);
        }
    }

    public static void SetTlsAlert(NativeCloseError* error, byte alert)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            CloseErrorSetTlsAlert1(error, alert, null, 0);
        }
        else
        {
            CloseErrorSetTlsAlert(error, alert, null, 0);
        }
    }

    public static void SetApplicationError(NativeCloseError* error, ulong code)
    {
        if (QuicLibrary.Layout.IsVersion1)
        {
            CloseErrorSetApplication1(error, code, null, 0);
        }
        else
        {
            CloseErrorSetApplication(error, code, null, 0);
        }
    }

    [LibraryImport(Library, EntryPoint = "ngtcp2_connection_close_error_set_transport_error_liberr")]
    private static partial void CloseErrorSetLibraryError(NativeCloseError* error, int number, byte* reason, nuint n);

    [LibraryImport(Library, EntryPoint = "ngtcp2_ccerr_set_liberr")]
    private static partial void CloseErrorSetLibraryError1(NativeCloseError* error, int number, byte* reason, nuint n);

    [LibraryImport(Library, EntryPoint = "ngtcp2_connection_close_error_set_transport_error_tls_alert")]
    private static partial void CloseErrorSetTlsAlert(NativeCloseError* error, byte alert, byte* reason, nuint n);

    [LibraryImport(Library, EntryPoint = "ngtcp2_ccerr_set_tls_alert")]
    private static partial void CloseErrorSetTlsAlert1(NativeCloseError* error, byte alert, byte* reason, nuint n);

    [LibraryImport(Library, EntryPoint = "ngtcp2_connection_close_error_set_application_error")]
    private static partial void CloseErrorSetApplication(NativeCloseError* error, ulong code, byte* reason, nuint n);

    [LibraryImport(Library, EntryPoint = "ngtcp2_ccerr_set_application_error")]
    private static partial void CloseErrorSetApplication1(NativeCloseError* error, ulong code, byte* reason, nuint n);
}
