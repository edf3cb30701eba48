using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Quoin.Quic.Protocol;

namespace Quoin.Quic.Native;

/// <summary>
/// What the TLS sessions of one endpoint share: the priorities, the protocols it speaks, and for a listener the key of
/// its tickets and the memory against replay. Native memory that sessions point to, so it is freed after the last loop
/// has ended. Read-only after the constructor.
/// </summary>
internal sealed unsafe class TlsContext : IDisposable
{
    private const uint QuicEarlyData = uint.MaxValue;

    private static ReadOnlySpan<byte> Priorities =>
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-GROUP-ALL:"u8;

    private static ReadOnlySpan<byte> MorePriorities =>
        "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE\0"u8;

    private readonly bool _server;
    private readonly bool _earlyData;
    private readonly bool _keyLog;
    private readonly List<nint> _allocated = [];
    private readonly NativeDatum* _protocols;
    private readonly uint _protocolCount;
    private readonly GCHandle _replay;
    private readonly nint _antiReplay;
    private nint _priority;
    private NativeDatum* _ticketKey;

    public TlsContext(QuicTransportOptions options, IReadOnlyList<byte[]> protocols, AntiReplayWindow? replay)
    {
        (_server, _earlyData, _keyLog) = (replay is not null, options.EarlyData, options.KeyLogFile is not null);
        var text = (byte[])[.. Priorities, .. MorePriorities];
        nint handle = 0;
        fixed (byte* start = text)
        {
            Check(GnuTls.PriorityInit(&handle, start, null));
        }

        _priority = handle;
        _protocolCount = (uint)protocols.Count;
        _protocols = (NativeDatum*)Allocate(Math.Max(1, protocols.Count) * sizeof(NativeDatum));
        for (var i = 0; i < protocols.Count; i++)
        {
            var name = (byte*)Allocate(protocols[i].Length);
            protocols[i].CopyTo(new Span<byte>(name, protocols[i].Length));
            _protocols[i] = new NativeDatum { Data = name, Size = (uint)protocols[i].Length };
        }

        if (replay is not null)
        {
            _ticketKey = (NativeDatum*)Allocate(sizeof(NativeDatum));
            Check(GnuTls.GenerateTicketKey(_ticketKey));
            _replay = GCHandle.Alloc(replay);
            Check(GnuTls.AntiReplayInit(&handle));
            _antiReplay = handle;
            GnuTls.AntiReplaySetWindow(_antiReplay, (uint)options.AntiReplayWindow.TotalMilliseconds);
            GnuTls.AntiReplaySetAdd(_antiReplay, &Add);
            GnuTls.AntiReplaySetPointer(_antiReplay, GCHandle.ToIntPtr(_replay));
        }
    }

    /// <summary>Gives a connection its session; the handle owns it from then on, also when this throws.</summary>
    /// <exception cref="CryptographicException">The library refuses.</exception>
    public void Attach(ConnectionHandle handle, string? host)
    {
        nint session = 0;
        var flags = (_server ? GnuTls.Server | GnuTls.NoAutoSendTicket : GnuTls.Client) | GnuTls.NoEndOfEarlyData
            | (_earlyData ? GnuTls.EnableEarlyData : 0);
        Check(GnuTls.Init(&session, flags));
        handle.Session = session;
        Check(GnuTls.PrioritySet(session, _priority));
        GnuTls.SetPointer(session, handle.Reference);
        if (_server)
        {
            Check(GnuTls.EnableTickets(session, _ticketKey));
            Check(GnuTls.ConfigureServer(session));
            if (_earlyData)
            {
                GnuTls.AntiReplayEnable(session, _antiReplay);
                Check(GnuTls.SetMaxEarlyData(session, unchecked((nuint)QuicEarlyData)));
            }
        }
        else
        {
            Check(GnuTls.ConfigureClient(session));
            GnuTls.SetHandshakeHook(session, GnuTls.HandshakeNewSessionTicket, GnuTls.HookAfter,
                ConnectionCallbacks.SessionTicket);
            SetHost(session, host);
        }

        if (_protocolCount > 0)
        {
            Check(GnuTls.SetAlpn(session, _protocols, _protocolCount,
                GnuTls.AlpnMandatory | (_server ? GnuTls.AlpnServerPrecedence : 0)));
        }

        if (_keyLog)
        {
            GnuTls.SetKeyLog(session, ConnectionCallbacks.KeyLog);
        }

        Ngtcp2Connection.SetTls(handle.Connection, session);
    }

    public void Dispose()
    {
        if (_priority == 0)
        {
            return;
        }

        if (_antiReplay != 0)
        {
            GnuTls.AntiReplayDeinit(_antiReplay);
            _replay.Free();
        }

        if (_ticketKey is not null)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(_ticketKey->Data, (int)_ticketKey->Size));
            GnuTls.Free(*_ticketKey);
            _ticketKey = null;
        }

        foreach (var memory in _allocated)
        {
            NativeMemory.Free((void*)memory);
        }

        // gnutls_priority_deinit frees a pointer that sessions have by count.
        GnuTls.PriorityDeinit(_priority);
        _priority = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static int Add(nint pointer, nint expires, NativeDatum* key, NativeDatum* data)
    {
        try
        {
            var window = (AntiReplayWindow)GCHandle.FromIntPtr(pointer).Target!;
            return window.TryAdd(key->Span, expires) ? 0 : GnuTls.EntryExists;
        }
        catch (Exception)
        {
            // Refused early data costs a round trip; an exception through native frames the process.
            return GnuTls.EntryExists;
        }
    }

    private static void SetHost(nint session, string? host)
    {
        // An address is no name (RFC 6066, 3).
        if (string.IsNullOrEmpty(host) || System.Net.IPAddress.TryParse(host, out _))
        {
            return;
        }

        var name = Encoding.ASCII.GetBytes(host);
        fixed (byte* start = name)
        {
            Check(GnuTls.SetServerName(session, 1, start, (nuint)name.Length));
        }
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new CryptographicException(GnuTls.Describe(result));
        }
    }

    private void* Allocate(int size)
    {
        var memory = NativeMemory.AllocZeroed((nuint)Math.Max(1, size));
        _allocated.Add((nint)memory);
        return memory;
    }
}
