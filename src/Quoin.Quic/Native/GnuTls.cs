using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// What is used of GnuTLS 3.7 and later. Handles are pointers of the library, freed by who made them.
/// </summary>
internal static unsafe partial class GnuTls
{
    private const string Library = "gnutls";
    private const string Crypto = "ngtcp2_crypto_gnutls";

    // Flags of gnutls_init.
    public const uint Server = 1;
    public const uint Client = 2;
    public const uint EnableEarlyData = 1 << 20;
    public const uint NoAutoSendTicket = 1 << 21;
    public const uint NoEndOfEarlyData = 1 << 22;

    public const int CredentialsCertificate = 1;
    public const uint AlpnMandatory = 1;
    public const uint AlpnServerPrecedence = 2;
    public const uint CertificateRequest = 1;
    public const uint CertificateRequire = 2;

    /// <summary>Of <c>gnutls_session_get_flags</c>: early data was sent and taken.</summary>
    public const uint SessionEarlyData = 1 << 10;

    public const int EntryExists = -428;
    public const int CertificateError = -43;
    public const int SignatureFailed = -46;

    public const uint FormatDer = 0;
    public const uint FormatPem = 1;
    public const uint HandshakeNewSessionTicket = 4;
    public const int HookAfter = 1;

    [LibraryImport(Library, EntryPoint = "gnutls_init")]
    public static partial int Init(nint* session, uint flags);

    [LibraryImport(Library, EntryPoint = "gnutls_deinit")]
    public static partial void Deinit(nint session);

    [LibraryImport(Library, EntryPoint = "gnutls_priority_init")]
    public static partial int PriorityInit(nint* priority, byte* text, byte** fault);

    [LibraryImport(Library, EntryPoint = "gnutls_priority_deinit")]
    public static partial void PriorityDeinit(nint priority);

    [LibraryImport(Library, EntryPoint = "gnutls_priority_set")]
    public static partial int PrioritySet(nint session, nint priority);

    [LibraryImport(Library, EntryPoint = "gnutls_session_set_ptr")]
    public static partial void SetPointer(nint session, NativeConnectionReference* reference);

    [LibraryImport(Library, EntryPoint = "gnutls_session_get_ptr")]
    public static partial NativeConnectionReference* GetPointer(nint session);

    [LibraryImport(Library, EntryPoint = "gnutls_alpn_set_protocols")]
    public static partial int SetAlpn(nint session, NativeDatum* protocols, uint count, uint flags);

    [LibraryImport(Library, EntryPoint = "gnutls_alpn_get_selected_protocol")]
    public static partial int GetAlpn(nint session, NativeDatum* protocol);

    [LibraryImport(Library, EntryPoint = "gnutls_credentials_set")]
    public static partial int SetCredentials(nint session, int type, nint credentials);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_allocate_credentials")]
    public static partial int AllocateCredentials(nint* credentials);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_free_credentials")]
    public static partial void FreeCredentials(nint credentials);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_set_x509_key_mem")]
    public static partial int SetKeyFromMemory(nint credentials, NativeDatum* certificates, NativeDatum* key,
        uint format);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_set_key")]
    public static partial int SetKey(nint credentials, nint names, int nameCount, NativeCertificate* certificates,
        int certificateCount, nint key);

    [LibraryImport(Library, EntryPoint = "gnutls_pcert_import_x509_raw")]
    public static partial int ImportCertificate(
        NativeCertificate* certificate, NativeDatum* bytes, uint format, uint flags);

    [LibraryImport(Library, EntryPoint = "gnutls_pcert_deinit")]
    public static partial void FreeCertificate(NativeCertificate* certificate);

    [LibraryImport(Library, EntryPoint = "gnutls_privkey_init")]
    public static partial int PrivateKeyInit(nint* key);

    [LibraryImport(Library, EntryPoint = "gnutls_privkey_deinit")]
    public static partial void PrivateKeyDeinit(nint key);

    [LibraryImport(Library, EntryPoint = "gnutls_privkey_import_ext4")]
    public static partial int ImportExternalKey(nint key, nint userData,
        delegate* unmanaged[Cdecl]<nint, int, nint, uint, NativeDatum*, NativeDatum*, int> signData,
        delegate* unmanaged[Cdecl]<nint, int, nint, uint, NativeDatum*, NativeDatum*, int> signHash,
        nint decrypt, delegate* unmanaged[Cdecl]<nint, nint, void> free,
        delegate* unmanaged[Cdecl]<nint, uint, nint, int> info, uint flags);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_set_verify_function")]
    public static partial void SetVerifyFunction(nint credentials, delegate* unmanaged[Cdecl]<nint, int> function);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_server_set_request")]
    public static partial void RequestCertificate(nint session, uint request);

    [LibraryImport(Library, EntryPoint = "gnutls_certificate_get_peers")]
    public static partial NativeDatum* GetPeers(nint session, uint* count);

    [LibraryImport(Library, EntryPoint = "gnutls_session_ticket_key_generate")]
    public static partial int GenerateTicketKey(NativeDatum* key);

    [LibraryImport(Library, EntryPoint = "gnutls_session_ticket_enable_server")]
    public static partial int EnableTickets(nint session, NativeDatum* key);

    [LibraryImport(Library, EntryPoint = "gnutls_session_ticket_send")]
    public static partial int SendTicket(nint session, uint count, uint flags);

    [LibraryImport(Library, EntryPoint = "gnutls_record_set_max_early_data_size")]
    public static partial int SetMaxEarlyData(nint session, nuint size);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_init")]
    public static partial int AntiReplayInit(nint* handle);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_deinit")]
    public static partial void AntiReplayDeinit(nint handle);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_set_window")]
    public static partial void AntiReplaySetWindow(nint handle, uint milliseconds);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_set_add_function")]
    public static partial void AntiReplaySetAdd(nint handle,
        delegate* unmanaged[Cdecl]<nint, nint, NativeDatum*, NativeDatum*, int> function);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_set_ptr")]
    public static partial void AntiReplaySetPointer(nint handle, nint pointer);

    [LibraryImport(Library, EntryPoint = "gnutls_anti_replay_enable")]
    public static partial void AntiReplayEnable(nint session, nint handle);

    [LibraryImport(Library, EntryPoint = "gnutls_session_get_flags")]
    public static partial uint SessionFlags(nint session);

    [LibraryImport(Library, EntryPoint = "gnutls_session_set_keylog_function")]
    public static partial void SetKeyLog(nint session,
        delegate* unmanaged[Cdecl]<nint, byte*, NativeDatum*, int> function);

    [LibraryImport(Library, EntryPoint = "gnutls_session_get_random")]
    public static partial void SessionRandom(nint session, NativeDatum* client, NativeDatum* server);

    [LibraryImport(Library, EntryPoint = "gnutls_server_name_set")]
    public static partial int SetServerName(nint session, int type, byte* name, nuint length);

    [LibraryImport(Library, EntryPoint = "gnutls_session_get_data2")]
    public static partial int GetSessionData(nint session, NativeDatum* data);

    [LibraryImport(Library, EntryPoint = "gnutls_session_set_data")]
    public static partial int SetSessionData(nint session, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "gnutls_handshake_set_hook_function")]
    public static partial void SetHandshakeHook(nint session, uint message, int when,
        delegate* unmanaged[Cdecl]<nint, uint, uint, uint, NativeDatum*, int> hook);

    [LibraryImport(Library, EntryPoint = "gnutls_session_is_resumed")]
    public static partial int IsResumed(nint session);

    [LibraryImport(Library, EntryPoint = "gnutls_cipher_get")]
    public static partial int Cipher(nint session);

    [LibraryImport(Library, EntryPoint = "gnutls_strerror")]
    private static partial nint ErrorText(int error);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_gnutls_configure_server_session")]
    public static partial int ConfigureServer(nint session);

    [LibraryImport(Crypto, EntryPoint = "ngtcp2_crypto_gnutls_configure_client_session")]
    public static partial int ConfigureClient(nint session);

    /// <summary>Memory that the library gave away is malloc's.</summary>
    public static void Free(NativeDatum datum) => NativeMemory.Free(datum.Data);

    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? "unknown error";
}
