using System.Runtime.InteropServices;

namespace Quoin.Quic.Native;

/// <summary>
/// ngtcp2's callbacks, settings and transport parameters, filled in once from the options; the few fields that differ
/// from connection to connection are set before each one is made, for ngtcp2 copies all of them. Native memory of one
/// loop, freed with it.
/// </summary>
internal sealed unsafe class ConnectionTemplate : IDisposable
{
    private const int NanosecondsPerTick = 100;

    private readonly byte* _block;
    private readonly NativeLayout _layout = QuicLibrary.Layout;

    public ConnectionTemplate(QuicTransportOptions options, bool server)
    {
        _block = (byte*)NativeMemory.AllocZeroed(
            NativeLayout.CallbacksBytes + NativeLayout.SettingsBytes + NativeLayout.ParametersBytes
            + QuicLimits.AddressTokenBytes);
        ConnectionCallbacks.Fill(Callbacks, server);
        Ngtcp2.SettingsDefault(1, Settings);
        Ngtcp2.ParametersDefault(1, Parameters);
        FillSettings(options);
        FillParameters(options);
    }

    public nint* Callbacks => (nint*)_block;

    public byte* Settings => _block + NativeLayout.CallbacksBytes;

    public byte* Parameters => Settings + NativeLayout.SettingsBytes;

    private byte* ClientToken => Parameters + NativeLayout.ParametersBytes;

    /// <summary>What differs for each connection, on both sides.</summary>
    public void Prepare(ulong now, bool qlog, in NativeCid original)
    {
        *(ulong*)(Settings + _layout.SettingsInitialTime) = now;
        *(nint*)(Settings + _layout.SettingsQlogWrite) = qlog ? (nint)ConnectionCallbacks.Qlog : 0;
        if (!_layout.IsVersion1)
        {
            *(NativeCid*)Settings = original;
        }
    }

    /// <summary>What a client shows of an earlier connection; empty: nothing.</summary>
    public void PrepareClient(ReadOnlySpan<byte> token)
    {
        token.CopyTo(new Span<byte>(ClientToken, QuicLimits.AddressTokenBytes));
        *(NativeBytes*)(Settings + _layout.SettingsToken) = token.IsEmpty
            ? default
            : new NativeBytes { Start = ClientToken, Length = (nuint)token.Length };
    }

    /// <summary>What a server takes from the client's first packet, and from the Retry before it.</summary>
    /// <param name="token">One that has proved the client's address.</param>
    public void PrepareServer(in NativeCid original, in NativeCid retrySource, AddressProof proof, NativeBytes token,
        ReadOnlySpan<byte> resetToken)
    {
        var retried = proof == AddressProof.Retry;
        *(NativeBytes*)(Settings + _layout.SettingsToken) = proof == AddressProof.None ? default : token;
        if (_layout.IsVersion1)
        {
            *(int*)(Settings + NativeLayout.SettingsTokenType) = (int)proof;
        }

        *(NativeCid*)(Parameters + NativeLayout.ParametersOriginalCid) = original;
        *(NativeCid*)(Parameters + NativeLayout.ParametersRetrySourceCid) = retrySource;
        Parameters[_layout.ParametersRetrySourceCidPresent] = retried ? (byte)1 : (byte)0;
        if (_layout.ParametersOriginalCidPresent is { } present)
        {
            Parameters[present] = 1;
        }

        Parameters[NativeLayout.ParametersStatelessResetTokenPresent] = 1;
        resetToken.CopyTo(new Span<byte>(
            Parameters + _layout.ParametersStatelessResetToken, Ngtcp2.StatelessResetTokenBytes));
    }

    public void Dispose() => NativeMemory.Free(_block);

    private static ulong Nanoseconds(TimeSpan time) => (ulong)(time.Ticks * NanosecondsPerTick);

    private void FillSettings(QuicTransportOptions options)
    {
        *(int*)(Settings + _layout.SettingsCongestionControl) = (int)options.CongestionControl;
        *(nuint*)(Settings + _layout.SettingsMaxSendPayload) = (nuint)options.MaxUdpPayload;
        *(ulong*)(Settings + _layout.SettingsMaxWindow) =
            Growing(options.ConnectionWindow, options.MaxConnectionWindow);
        *(ulong*)(Settings + _layout.SettingsMaxStreamWindow) = Growing(options.StreamWindow, options.MaxStreamWindow);
        *(nuint*)(Settings + _layout.SettingsAckThreshold) = (nuint)options.AckThreshold;
        *(ulong*)(Settings + _layout.SettingsHandshakeTimeout) = Nanoseconds(options.HandshakeTimeout);
        Settings[_layout.SettingsNoPathMtuDiscovery] = options.PathMtuDiscovery ? (byte)0 : (byte)1;
        Settings[_layout.SettingsPayloadUnshaped] = options.PathMtuDiscovery ? (byte)0 : (byte)1;
    }

    private void FillParameters(QuicTransportOptions options)
    {
        Parameter(NativeLayout.ParametersMaxStreamDataBidiLocal) = (ulong)options.StreamWindow;
        Parameter(NativeLayout.ParametersMaxStreamDataBidiRemote) = (ulong)options.StreamWindow;
        Parameter(NativeLayout.ParametersMaxStreamDataUni) = (ulong)options.StreamWindow;
        Parameter(NativeLayout.ParametersMaxData) = (ulong)options.ConnectionWindow;
        Parameter(NativeLayout.ParametersMaxStreamsBidi) = (ulong)options.MaxBidirectionalStreams;
        Parameter(NativeLayout.ParametersMaxStreamsUni) = (ulong)options.MaxUnidirectionalStreams;
        Parameter(NativeLayout.ParametersMaxIdleTimeout) = Nanoseconds(options.IdleTimeout);
        Parameter(NativeLayout.ParametersMaxAckDelay) = Nanoseconds(options.MaxAckDelay);
        Parameter(NativeLayout.ParametersMaxDatagramFrame) = (ulong)options.MaxDatagramSize;
        Parameters[NativeLayout.ParametersDisableActiveMigration] = options.ActiveMigration ? (byte)0 : (byte)1;
    }

    private ref ulong Parameter(int offset) => ref *(ulong*)(Parameters + offset);

    // 0 switches the growth off.
    private static ulong Growing(long initial, long most) => most > initial ? (ulong)most : 0;
}
