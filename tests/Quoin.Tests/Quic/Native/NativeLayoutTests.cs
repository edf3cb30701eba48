using System.Diagnostics;
using System.Globalization;
using Quoin.Quic.Native;

namespace Quoin.Tests.Quic.Native;

/// <summary>
/// The tables of offsets, against the headers that are installed and against versions that are not known.
/// </summary>
public sealed class NativeLayoutTests
{
    private static readonly (string Structure, string Field, int? Offset012, int? Offset1)[] Fields =
    [
        Settings("cc_algo", layout => layout.SettingsCongestionControl),
        Settings("initial_ts", layout => layout.SettingsInitialTime),
        Settings("initial_rtt", layout => layout.SettingsInitialRtt),
        Settings("max_tx_udp_payload_size", layout => layout.SettingsMaxSendPayload),
        ("ngtcp2_settings", "token.base", NativeLayout.Version012.SettingsToken, null),
        ("ngtcp2_settings", "token.len", NativeLayout.Version012.SettingsToken + 8, null),
        ("ngtcp2_settings", "token", null, NativeLayout.Version1.SettingsToken),
        ("ngtcp2_settings", "tokenlen", null, NativeLayout.Version1.SettingsToken + 8),
        ("ngtcp2_settings", "token_type", null, NativeLayout.SettingsTokenType),
        ("ngtcp2_settings", "qlog.write", NativeLayout.Version012.SettingsQlogWrite, null),
        ("ngtcp2_settings", "qlog_write", null, NativeLayout.Version1.SettingsQlogWrite),
        Settings("max_window", layout => layout.SettingsMaxWindow),
        Settings("max_stream_window", layout => layout.SettingsMaxStreamWindow),
        Settings("ack_thresh", layout => layout.SettingsAckThreshold),
        Settings("no_tx_udp_payload_size_shaping", layout => layout.SettingsPayloadUnshaped),
        Settings("handshake_timeout", layout => layout.SettingsHandshakeTimeout),
        Settings("no_pmtud", layout => layout.SettingsNoPathMtuDiscovery),
        Parameters("original_dcid", NativeLayout.ParametersOriginalCid),
        Parameters("retry_scid", NativeLayout.ParametersRetrySourceCid),
        Parameters("initial_max_stream_data_bidi_local", NativeLayout.ParametersMaxStreamDataBidiLocal),
        Parameters("initial_max_stream_data_bidi_remote", NativeLayout.ParametersMaxStreamDataBidiRemote),
        Parameters("initial_max_stream_data_uni", NativeLayout.ParametersMaxStreamDataUni),
        Parameters("initial_max_data", NativeLayout.ParametersMaxData),
        Parameters("initial_max_streams_bidi", NativeLayout.ParametersMaxStreamsBidi),
        Parameters("initial_max_streams_uni", NativeLayout.ParametersMaxStreamsUni),
        Parameters("max_idle_timeout", NativeLayout.ParametersMaxIdleTimeout),
        Parameters("max_udp_payload_size", NativeLayout.ParametersMaxUdpPayload),
        Parameters("active_connection_id_limit", NativeLayout.ParametersActiveCidLimit),
        Parameters("ack_delay_exponent", NativeLayout.ParametersAckDelayExponent),
        Parameters("max_ack_delay", NativeLayout.ParametersMaxAckDelay),
        Parameters("max_datagram_frame_size", NativeLayout.ParametersMaxDatagramFrame),
        Parameters("stateless_reset_token_present", NativeLayout.ParametersStatelessResetTokenPresent),
        Parameters("disable_active_migration", NativeLayout.ParametersDisableActiveMigration),
        ("ngtcp2_transport_params", "original_dcid_present", null, 290),
        ("ngtcp2_transport_params", "retry_scid_present", NativeLayout.Version012.ParametersRetrySourceCidPresent,
            NativeLayout.Version1.ParametersRetrySourceCidPresent),
        ("ngtcp2_transport_params", "stateless_reset_token", NativeLayout.Version012.ParametersStatelessResetToken,
            NativeLayout.Version1.ParametersStatelessResetToken),
        Statistics("smoothed_rtt", layout => layout.StatisticsSmoothedRtt),
        Statistics("cwnd", layout => layout.StatisticsCongestionWindow),
        Statistics("ssthresh", layout => layout.StatisticsSlowStartThreshold),
        Statistics("bytes_in_flight", layout => layout.StatisticsBytesInFlight),
        ("ngtcp2_pkt_hd", "token", 72, 72),
        ("ngtcp2_pkt_hd", "version", 104, 104),
        ("ngtcp2_version_cid", "scid", 24, 24),
        ("ngtcp2_callbacks", "recv_crypto_data", 16, 16),
        ("ngtcp2_callbacks", "recv_stream_data", 64, 64),
        ("ngtcp2_callbacks", "rand", 128, 128),
        ("ngtcp2_callbacks", "stream_reset", 176, 176),
        ("ngtcp2_callbacks", "recv_datagram", 248, 248),
        ("ngtcp2_callbacks", "get_path_challenge_data", 272, 272),
        ("ngtcp2_callbacks", "recv_tx_key", 304, 304),
    ];

    [Fact]
    public async Task Fields_are_where_the_installed_headers_have_them()
    {
        QuicPair.Skip();
        Assert.SkipUnless(File.Exists("/usr/bin/gcc") && File.Exists("/usr/include/ngtcp2/ngtcp2.h"),
            "gcc or libngtcp2-dev is not installed");
        var version1 = QuicLibrary.Layout.IsVersion1;
        var known = Fields
            .Select(field => (field.Structure, field.Field, Offset: version1 ? field.Offset1 : field.Offset012))
            .Where(field => field.Offset is not null).ToList();
        var source = "#include <stdio.h>\n#include <stddef.h>\n#include <ngtcp2/ngtcp2.h>\nint main(void){"
            + string.Concat(known.Select(field => $"printf(\"%zu\\n\", offsetof({field.Structure}, {field.Field}));"))
            + "return 0;}";
        var printed = await CompileAndRunAsync(source);
        Assert.Equal(known.Select(field => (field.Field, (int)field.Offset!)),
            known.Zip(printed, (field, line) => (field.Field, int.Parse(line, CultureInfo.InvariantCulture))));
    }

    [Theory]
    [InlineData(0x000c00, true)]
    [InlineData(0x000c01, true)]
    [InlineData(0x010b00, true)]
    [InlineData(0x011900, true)]
    [InlineData(0x000b00, false)]
    [InlineData(0x000d00, false)]
    [InlineData(0x020000, false)]
    public void Only_known_versions_are_used(int version, bool known)
    {
        var fault = QuicLibrary.FaultOfVersion(version, "9.9.9");
        Assert.Equal(known, fault is null);
        if (!known)
        {
            Assert.Contains("9.9.9", fault);
            Assert.Contains("libngtcp2-9", fault);
            Assert.Contains("libngtcp2-crypto-gnutls2", fault);
        }
    }

    [Fact]
    public void A_field_that_has_moved_is_found_before_it_is_used()
    {
        var settings = new byte[NativeLayout.SettingsBytes];
        var parameters = new byte[NativeLayout.ParametersBytes];
        BitConverter.TryWriteBytes(settings.AsSpan(56), 333_000_000L);
        BitConverter.TryWriteBytes(settings.AsSpan(72), 1452L);
        BitConverter.TryWriteBytes(settings.AsSpan(120), 2L);
        BitConverter.TryWriteBytes(settings.AsSpan(136), 10_000_000_000L);
        BitConverter.TryWriteBytes(parameters.AsSpan(248), 65527L);
        BitConverter.TryWriteBytes(parameters.AsSpan(256), 2L);
        BitConverter.TryWriteBytes(parameters.AsSpan(264), 3L);
        BitConverter.TryWriteBytes(parameters.AsSpan(272), 25_000_000L);
        Assert.Null(KnownDefaults.FaultOf(NativeLayout.Version012, settings, parameters));
        Assert.NotNull(KnownDefaults.FaultOf(NativeLayout.Version1, settings, parameters));

        BitConverter.TryWriteBytes(parameters.AsSpan(256), 3L);
        Assert.Contains("active_connection_id_limit is 3", KnownDefaults.FaultOf(
            NativeLayout.Version012, settings, parameters));
    }

    [Theory]
    [InlineData(-201, -201)]
    [InlineData(-215, -213)]
    [InlineData(-221, -219)]
    [InlineData(-231, -224)]
    [InlineData(-240, -230)]
    [InlineData(-248, -238)]
    public void Errors_are_numbered_through_in_the_newer_version(int number, int newer) =>
        Assert.Equal(newer, NativeError.InVersion1(number));

    private static (string, string, int?, int?) Settings(string field, Func<NativeLayout, int> offset) =>
        ("ngtcp2_settings", field, offset(NativeLayout.Version012), offset(NativeLayout.Version1));

    private static (string, string, int?, int?) Parameters(string field, int offset) =>
        ("ngtcp2_transport_params", field, offset, offset);

    private static (string, string, int?, int?) Statistics(string field, Func<NativeLayout, int> offset) =>
        (QuicLibrary.Fault is null && QuicLibrary.Layout.IsVersion1 ? "ngtcp2_conn_info" : "ngtcp2_conn_stat", field,
            offset(NativeLayout.Version012), offset(NativeLayout.Version1));

    private static async Task<string[]> CompileAndRunAsync(string source)
    {
        var folder = Directory.CreateTempSubdirectory("quoin-offsets-").FullName;
        try
        {
            var file = Path.Combine(folder, "offsets.c");
            await File.WriteAllTextAsync(file, source);
            await RunAsync("/usr/bin/gcc", file, "-o", Path.Combine(folder, "offsets"));
            return (await RunAsync(Path.Combine(folder, "offsets"))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var fault = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await fault);
        return text;
    }
}
