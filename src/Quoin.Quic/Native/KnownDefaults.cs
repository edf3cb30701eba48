using System.Globalization;

namespace Quoin.Quic.Native;

/// <summary>
/// Compares what the library puts into fresh settings and parameters with what is known to be there: fields that have
/// moved are found before a connection is made with them. The values were the same in 0.12.1, 1.11.0 and 1.25.0.
/// </summary>
internal static class KnownDefaults
{
    /// <summary>What differs; null where nothing does.</summary>
    /// <param name="settings">After <c>ngtcp2_settings_default</c>.</param>
    /// <param name="parameters">After <c>ngtcp2_transport_params_default</c>.</param>
    public static string? FaultOf(NativeLayout layout, ReadOnlySpan<byte> settings, ReadOnlySpan<byte> parameters)
    {
        (string Name, ulong Found, ulong Known)[] values =
        [
            ("initial_rtt", At(settings, layout.SettingsInitialRtt), 333_000_000),
            ("max_tx_udp_payload_size", At(settings, layout.SettingsMaxSendPayload), 1452),
            ("ack_thresh", At(settings, layout.SettingsAckThreshold), 2),
            ("handshake_timeout", At(settings, layout.SettingsHandshakeTimeout),
                layout.IsVersion1 ? ulong.MaxValue : 10_000_000_000),
            ("max_udp_payload_size", At(parameters, NativeLayout.ParametersMaxUdpPayload), 65527),
            ("active_connection_id_limit", At(parameters, NativeLayout.ParametersActiveCidLimit), 2),
            ("ack_delay_exponent", At(parameters, NativeLayout.ParametersAckDelayExponent), 3),
            ("max_ack_delay", At(parameters, NativeLayout.ParametersMaxAckDelay), 25_000_000),
        ];
        foreach (var (name, found, known) in values)
        {
            if (found != known)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{name} is {found} where {known} is known");
            }
        }

        return null;
    }

    private static ulong At(ReadOnlySpan<byte> structure, int offset) => BitConverter.ToUInt64(structure[offset..]);
}
